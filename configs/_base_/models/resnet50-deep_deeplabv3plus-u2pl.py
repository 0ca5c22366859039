# ResNet-50 and DeepLabV3+ as U2PL and FST build them. `deep`: a stem of three
# 3x3 convolutions to 64, 64 and 128 channels. U2PL's max-pool rounds up, mmseg
# down: the same for crops of 513 and 769, one row and column less for 512.
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='ResNetV1c',
        depth=50,
        stem_channels=128,
        num_stages=4,
        out_indices=(0, 1, 2, 3),
        strides=(1, 2, 1, 1),
        dilations=(1, 1, 2, 4),  # all maps but the first at stride 8
        multi_grid=(4, 8, 16),  # in all: U2PL's 2, 2, 4 count times the above
        contract_dilation=True,
        norm_cfg=norm_cfg,
        norm_eval=False,
        style='pytorch',
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/resnet50_deep128.pth')),
    decode_head=dict(
        type='DeepLabV3PlusHead',
        in_channels=2048,
        in_index=3,
        channels=256,
        dilations=(1, 12, 24, 36),
        c1_in_channels=256,
        c1_channels=256,
        bottleneck_kernel_size=3,
        bias=True,
        dropout_ratio=0.1,
        num_classes=21,
        norm_cfg=norm_cfg,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    test_cfg=dict(mode='whole'))
