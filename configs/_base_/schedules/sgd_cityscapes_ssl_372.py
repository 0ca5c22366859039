# The same with 372 labels: 2603 unlabeled images in an epoch.
_base_ = './sgd_cityscapes_ssl_186.py'
epoch = 163
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
