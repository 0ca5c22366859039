# A U-Net of 0.2 M parameters at half resolution: learns from scratch on a CPU
# within a minute or two.
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='UNet',
        base_channels=8,
        num_stages=5,
        strides=(2, 1, 1, 1, 1),
        enc_num_convs=(1, 1, 1, 1, 1),
        dec_num_convs=(1, 1, 1, 1),
        downsamples=(True, True, True, True),
        enc_dilations=(1, 1, 1, 1, 1),
        dec_dilations=(1, 1, 1, 1),
        norm_cfg=norm_cfg),
    decode_head=dict(
        type='FCNHead',
        in_channels=8,
        in_index=4,
        channels=8,
        num_convs=0,
        concat_input=False,
        dropout_ratio=0.0,
        num_classes=11,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
