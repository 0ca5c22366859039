# Goes on from a network that was trained on the few labels: half the rate.
_base_ = './adamw_ssl.py'
max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=100)
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = 10
param_scheduler[1]['begin'] = 10
param_scheduler[1]['end'] = max_iters
default_hooks = dict(checkpoint=dict(interval=100))
