# The same with 1323 labels: 4629 and 9259 images with pseudo-labels.
_base_ = './sgd_voc_stpp_662.py'
epoch = 1157
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
first_stage = dict(
    train_cfg=dict(max_iters=80 * 82, val_interval=82),
    param_scheduler={'0': dict(end=80 * 82 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 620, val_interval=620),
    param_scheduler={'0': dict(end=80 * 620 + 1)},
    default_hooks=dict(checkpoint=dict(interval=620)))
