# DINOv2 ViT-B/14 and DAFormer's head on a pyramid.
_base_ = './dinov2-s_daformer.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_base_patch14_dinov2',
        init_cfg=dict(checkpoint='checkpoints/dinov2_base.pth')),
    neck=dict(embed_dim=768),
    decode_head=dict(in_channels=[768, 768, 768, 768]))
