# A pretrained encoder and a few labels on a CPU, in minutes: the network
# learns from labels alone, before adamw_ssl_adapt.py.
_base_ = './adamw_adapt.py'
max_iters = 900
train_cfg = dict(max_iters=max_iters, val_interval=150)
optim_wrapper = dict(optimizer=dict(lr=6e-4))
poly = dict(_base_.poly, end=max_iters)
param_scheduler = [_base_.warmup, poly]
