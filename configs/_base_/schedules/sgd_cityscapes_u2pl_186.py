# U2PL on Cityscapes: 200 epochs of 2789 unlabeled images in batches of 16 +
# 16, the head as fast as the encoder.
_base_ = './sgd_cityscapes_ssl_186.py'
epoch = _base_.epoch
max_iters = 200 * epoch
train_cfg = dict(max_iters=max_iters)
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=1.0))))
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
