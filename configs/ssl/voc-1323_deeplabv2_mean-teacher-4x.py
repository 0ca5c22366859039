# The mean teacher with the computation of FST.
_base_ = './voc-1323_deeplabv2_mean-teacher.py'
max_iters = 4 * _base_.max_iters
train_cfg = dict(max_iters=max_iters)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
