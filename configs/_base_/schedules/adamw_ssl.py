# A pretrained encoder and a few labels on a CPU, in minutes.
_base_ = './adamw_adapt.py'
max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=100)
param_scheduler = _base_.param_scheduler
param_scheduler[1]['end'] = max_iters
default_hooks = dict(checkpoint=dict(interval=100))
