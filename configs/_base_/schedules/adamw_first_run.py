# The first run: long enough on a CPU that thin and rare classes are learned.
_base_ = './adamw_demo.py'
train_cfg = dict(max_iters=2000, val_interval=400)
poly = dict(_base_.poly, end=2000)
param_scheduler = [_base_.warmup, poly]
default_hooks = dict(
    checkpoint=dict(interval=400), mix_visualization=dict(interval=200))
