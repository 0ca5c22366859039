# DINOv2 ViT-S/14 and the head of VFM-UDA: two transposed convolutions.
segmentor = dict(
    type='EncoderDecoder',
    backbone=dict(
        type='TIMMVisionTransformer',
        model_name='vit_small_patch14_dinov2',
        out_indices=[11],
        # As in the release, which loads DINOv2 from its repository.
        positions='dinov2',
        # Crops of 1024 become 1120: 80 patches, for about the resolution that
        # patches of 13 would have.
        input_scale=1.1,
        # For TokenMask; it starts from the weights of the pretraining.
        mask_token=True,
        init_cfg=dict(
            type='Pretrained', checkpoint='checkpoints/dinov2_small.pth')),
    decode_head=dict(
        type='DeconvHead',
        in_channels=384,
        in_index=0,
        channels=96,
        num_classes=19,
        align_corners=False,
        # A mean over labeled pixels, also of mixed images (in the release
        # those are a mean over all pixels).
        loss_decode=dict(type='CrossEntropyLoss', avg_non_ignore=True)),
    test_cfg=dict(mode='whole'))
