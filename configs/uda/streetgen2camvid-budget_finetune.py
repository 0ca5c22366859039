# A baseline: the source-only model learns from the labels of the target alone.
_base_ = './streetgen2camvid-budget_supervised.py'
train_dataloader = dict(dataset=dict(sides=dict(labeled=None)))
