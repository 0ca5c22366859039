# The same on Cityscapes: hard pixels alone count, and an auxiliary head reads
# the third map. U2PL keeps at least 100000 pixels of the 2 labeled images of
# a process; OHEMPixelSampler multiplies `min_kept` by the number of images.
_base_ = './resnet50-deep_deeplabv3plus-u2pl.py'
norm_cfg = dict(type='BN', requires_grad=True)
ohem = dict(type='OHEMPixelSampler', thresh=0.7, min_kept=50000)
segmentor = dict(
    decode_head=dict(num_classes=19, sampler=ohem),
    auxiliary_head=dict(
        type='FCNHead',
        num_convs=1,
        concat_input=False,
        in_channels=1024,
        in_index=2,
        channels=256,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=True,
        sampler=ohem,
        loss_decode=dict(
            type='CrossEntropyLoss', avg_non_ignore=True, loss_weight=0.4)))
