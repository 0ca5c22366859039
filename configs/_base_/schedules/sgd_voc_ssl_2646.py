# The same with 2646 labels: 7936 unlabeled images in an epoch.
_base_ = './sgd_voc_ssl_662.py'
epoch = 496
max_iters = 40 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
