# UniMatch on Cityscapes: 240 epochs of 2789 unlabeled images in batches of
# 8 + 8, the head as fast as the encoder.
_base_ = './sgd_voc_unimatch_92.py'
epoch = 349
max_iters = 240 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
optim_wrapper = dict(
    optimizer=dict(lr=0.005),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1.0))))
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
