# Continues from a network that was trained on the few labels, with half the
# learning rate.
_base_ = './adamw_ssl.py'
max_iters = 300
train_cfg = dict(max_iters=max_iters, val_interval=100)
optim_wrapper = dict(optimizer=dict(lr=3e-4))
warmup = dict(_base_.warmup, end=10)
poly = dict(_base_.poly, begin=10, end=max_iters)
param_scheduler = [warmup, poly]
default_hooks = dict(checkpoint=dict(interval=100))
