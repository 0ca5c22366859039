# A baseline: labels of both domains, as many iterations, no unlabeled frame.
_base_ = './streetgen2camvid-budget_mean-teacher.py'
model = dict(_delete_=True, type='Supervised')
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
custom_hooks = []
