# DINOv2 ViT-S/14 and DPT: the network of UniMatch V2, its choice of layers and
# widths. Crops: multiples of 14 (UniMatch V2 takes 798 on Cityscapes, 518
# elsewhere); other sizes are resized to the nearest one, so they work too.
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='TIMMVisionTransformer',
        model_name='vit_small_patch14_dinov2',
        out_indices=[2, 5, 8, 11],
        align_corners=True,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/dinov2_small.pth')),
    decode_head=dict(
        type='PlainDPTHead',
        in_channels=[384, 384, 384, 384],
        in_index=[0, 1, 2, 3],
        stage_channels=[48, 96, 192, 384],
        channels=64,
        dropout_ratio=0,
        num_classes=19,
        align_corners=True,
        loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
