# DINOv2 ViT-L/14 and DPT, as in UniMatch V2; crops: multiples of 14.
_base_ = './dinov2-s_dpt.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_large_patch14_dinov2',
        out_indices=[4, 11, 17, 23],
        init_cfg=dict(checkpoint='checkpoints/dinov2_large.pth')),
    decode_head=dict(
        in_channels=[1024, 1024, 1024, 1024],
        stage_channels=[256, 512, 1024, 1024],
        channels=256))
