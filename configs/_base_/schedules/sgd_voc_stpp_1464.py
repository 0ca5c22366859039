# The same with 1464 labels: 4559 and 9118 images with pseudo-labels.
_base_ = './sgd_voc_stpp_92.py'
epoch = 1210
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
first_stage = dict(
    train_cfg=dict(max_iters=80 * 91, val_interval=91),
    param_scheduler={'0': dict(end=80 * 91 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 650, val_interval=650),
    param_scheduler={'0': dict(end=80 * 650 + 1)},
    default_hooks=dict(checkpoint=dict(interval=650)))
