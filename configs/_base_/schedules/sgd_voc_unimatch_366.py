# The same with 366 labels: 10216 unlabeled images in an epoch.
_base_ = './sgd_voc_unimatch_92.py'
epoch = 1277
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
