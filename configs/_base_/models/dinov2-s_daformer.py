# DINOv2 ViT-S/14 and DAFormer's head, on a pyramid of four layers at 4, 2, 1
# and 1/2 times the resolution of the patches, as BEiT has it for UPerNet.
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='TIMMVisionTransformer',
        model_name='vit_small_patch14_dinov2',
        out_indices=[2, 5, 8, 11],
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/dinov2_small.pth')),
    neck=dict(
        type='Feature2Pyramid',
        embed_dim=384,
        rescales=[4, 2, 1, 0.5],
        norm_cfg=norm_cfg),
    decode_head=dict(
        type='DAFormerHead',
        in_channels=[384, 384, 384, 384],
        in_index=[0, 1, 2, 3],
        channels=256,
        embed_dims=256,
        dilations=(1, 6, 12, 18),
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
