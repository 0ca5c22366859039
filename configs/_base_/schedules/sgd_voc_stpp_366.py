# The same with 366 labels: 5108 and 10216 images with pseudo-labels.
_base_ = './sgd_voc_stpp_92.py'
epoch = 1279
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
first_stage = dict(
    train_cfg=dict(max_iters=80 * 22, val_interval=22),
    param_scheduler={'0': dict(end=80 * 22 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 639, val_interval=639),
    param_scheduler={'0': dict(end=80 * 639 + 1)},
    default_hooks=dict(checkpoint=dict(interval=639)))
