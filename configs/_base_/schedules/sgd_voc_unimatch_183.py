# The same with 183 labels: 10399 unlabeled images in an epoch.
_base_ = './sgd_voc_unimatch_92.py'
epoch = 1300
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
