# UniMatch V2 on Pascal VOC: 60 epochs of 10490 unlabeled images in batches
# of 16 + 16, AdamW, the head forty times as fast as the encoder, poly rule.
_base_ = './sgd_voc_ssl_662.py'
epoch = 655
max_iters = 60 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='AdamW',
        lr=5e-6,
        betas=(0.9, 0.999),
        weight_decay=0.01,
        fused=True),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=40.0))))
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
