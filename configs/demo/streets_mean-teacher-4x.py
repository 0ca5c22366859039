# As many training steps as FST-D (K = 3) and FST-W (N = 3) take in all.
_base_ = './streets_mean-teacher.py'
train_cfg = dict(max_iters=2000, val_interval=400)
poly = dict(_base_.poly, end=2000)
param_scheduler = [_base_.warmup, poly]
