# The same with 732 labels: 4925 and 9850 images with pseudo-labels.
_base_ = './sgd_voc_stpp_92.py'
epoch = 1256
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
first_stage = dict(
    train_cfg=dict(max_iters=80 * 45, val_interval=45),
    param_scheduler={'0': dict(end=80 * 45 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 628, val_interval=628),
    param_scheduler={'0': dict(end=80 * 628 + 1)},
    default_hooks=dict(checkpoint=dict(interval=628)))
