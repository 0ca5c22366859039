# The same with 366 labels: 10216 unlabeled images in an epoch.
_base_ = './adamw_voc_unimatch-v2_92.py'
epoch = 638
max_iters = 60 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
