# FST on Cityscapes: 80 epochs of 2789 unlabeled images in batches of 16 + 16.
_base_ = './sgd_voc_ssl_662.py'
epoch = 174
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
optim_wrapper = dict(optimizer=dict(lr=0.01, weight_decay=5e-4))
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
