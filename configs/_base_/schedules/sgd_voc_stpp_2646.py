# The same with 2646 labels: 3968 and 7936 images with pseudo-labels.
_base_ = './sgd_voc_stpp_662.py'
epoch = 992
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
first_stage = dict(
    train_cfg=dict(max_iters=80 * 165, val_interval=165),
    param_scheduler={'0': dict(end=80 * 165 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 578, val_interval=578),
    param_scheduler={'0': dict(end=80 * 578 + 1)},
    default_hooks=dict(checkpoint=dict(interval=578)))
