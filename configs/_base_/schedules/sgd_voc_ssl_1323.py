# The same with 1323 labels: 9259 unlabeled images in an epoch.
_base_ = './sgd_voc_ssl_662.py'
epoch = 578
max_iters = 40 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
