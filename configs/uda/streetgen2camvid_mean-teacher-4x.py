# As many training steps as FST-D (K = 3) and FST-W (N = 3) take in all.
_base_ = './streetgen2camvid_mean-teacher.py'
train_cfg = dict(max_iters=400, val_interval=200)
poly = dict(_base_.poly, end=400)
param_scheduler = [_base_.warmup, poly]
