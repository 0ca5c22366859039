# DINOv2 ViT-S/14 and DINOv2's own head: batch normalization and one linear
# layer on the normalized tokens of the last layer. (DINOv2's linear evaluation
# freezes the encoder.) Crops: multiples of 14; other sizes are resized to the
# nearest one, so they work too.
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='TIMMVisionTransformer',
        model_name='vit_small_patch14_dinov2',
        out_indices=[11],
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/dinov2_small.pth')),
    decode_head=dict(
        type='NormLinearHead',
        in_channels=384,
        dropout_ratio=0,
        num_classes=19,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')),
    test_cfg=dict(mode='whole'))
