# A baseline without the source: the labels of the target alone, as many
# iterations as source-only training and adaptation together.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid_budget.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/labels_only.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(labeled=None, unlabeled=None)))
train_cfg = dict(max_iters=700, val_interval=100)
poly = dict(_base_.poly, end=700)
param_scheduler = [_base_.warmup, poly]
default_hooks = dict(checkpoint=dict(interval=100))
