# UniMatch V2 on Pascal VOC: 60 epochs of the unlabeled images in batches of
# 16 + 16, AdamW, the head forty times as fast as the encoder, poly rule. As
# released, learning rates lag by an iteration.
_base_ = './sgd_voc_ssl.py'
sync_bn = None  # DINOv2 and DPT have no batch normalization
epochs = dict(count=60, lag=1)
optim_wrapper = dict(
    optimizer=dict(
        _delete_=True,
        type='AdamW',
        lr=5e-6,
        betas=(0.9, 0.999),
        weight_decay=0.01,
        fused=True),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=40.0))))
