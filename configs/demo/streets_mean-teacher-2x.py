# As many training steps as FST (K = 1) takes in all.
_base_ = './streets_mean-teacher.py'
train_cfg = dict(max_iters=1000, val_interval=200)
poly = dict(_base_.poly, end=1000)
param_scheduler = [_base_.warmup, poly]
