# The upper bound: trained on the labels of the target, a little longer than
# source-only training and adaptation together.
_base_ = './streetgen2camvid_source-only.py'
train_cfg = dict(max_iters=750)
poly = dict(_base_.poly, end=750)
param_scheduler = [_base_.warmup, poly]
train_dataloader = dict(
    dataset=dict(sides=dict(labeled=dict(data_root=_base_.target_root))))
