# HRDA: the network of DAFormer at two scales, with an attention that fuses
# them. For crops of 1024 x 1024.
_base_ = './mit-b5_daformer.py'
segmentor = dict(
    type='MultiScaleSegmentor',
    # Half of the side of a crop, at full resolution.
    detail_size=(512, 512),
    context_scale=0.5,
    decode_head=dict(
        _delete_=True,
        type='ScaleAttentionHead',
        head=dict(
            type='DAFormerHead',
            in_channels=[64, 128, 320, 512],
            in_index=[0, 1, 2, 3],
            channels=256,
            embed_dims=256,
            dilations=(1, 6, 12, 18),
            dropout_ratio=0.1,
            norm_cfg=_base_.norm_cfg),
        # A 1x1 convolution in the place of the dilated ones.
        attention=dict(dilations=()),
        detail_weight=0.1,
        num_classes=19,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')),
    # As large as the crops, so that the context is that of the training.
    test_cfg=dict(
        _delete_=True, mode='slide', crop_size=(1024, 1024),
        stride=(512, 512)))
