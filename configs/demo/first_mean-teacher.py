# The computation of first_fst.py without a look-ahead: the mean teacher with
# twice the iterations.
_base_ = './first_fst.py'
train_cfg = dict(max_iters=2000, val_interval=400)
param_scheduler = [_base_.warmup, dict(_base_.poly, end=2000)]
default_hooks = dict(checkpoint=dict(interval=400))
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
