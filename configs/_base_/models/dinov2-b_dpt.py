# DINOv2 ViT-B/14 and DPT, as in UniMatch V2; crops: multiples of 14.
_base_ = './dinov2-s_dpt.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_base_patch14_dinov2',
        init_cfg=dict(checkpoint='checkpoints/dinov2_base.pth')),
    decode_head=dict(
        in_channels=[768, 768, 768, 768],
        stage_channels=[96, 192, 384, 768],
        channels=128))
