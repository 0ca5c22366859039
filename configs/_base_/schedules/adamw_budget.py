# Continues from the source-only model, which is trained already: a third of
# the learning rate, a short warm-up.
_base_ = './adamw_adapt.py'
train_cfg = dict(max_iters=100, val_interval=50)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
warmup = dict(_base_.warmup, end=10)
poly = dict(_base_.poly, begin=10, end=100)
param_scheduler = [warmup, poly]
default_hooks = dict(checkpoint=dict(interval=50))
