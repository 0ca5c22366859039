# As many training steps as FST (K = 1) takes in all.
_base_ = './streetgen2camvid_mean-teacher.py'
train_cfg = dict(max_iters=200, val_interval=100)
poly = dict(_base_.poly, end=200)
param_scheduler = [_base_.warmup, poly]
