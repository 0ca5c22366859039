# The same with 183 labels: 5199 and 10399 images with pseudo-labels.
_base_ = './sgd_voc_stpp_92.py'
epoch = 1301
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
first_stage = dict(
    train_cfg=dict(max_iters=80 * 22, val_interval=22),
    param_scheduler={'0': dict(end=80 * 22 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 656, val_interval=656),
    param_scheduler={'0': dict(end=80 * 656 + 1)},
    default_hooks=dict(checkpoint=dict(interval=656)))
