# DINOv2 ViT-L/14 and DAFormer's head on a pyramid.
_base_ = './dinov2-s_daformer.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_large_patch14_dinov2',
        out_indices=[5, 11, 17, 23],
        init_cfg=dict(checkpoint='checkpoints/dinov2_large.pth')),
    neck=dict(embed_dim=1024),
    decode_head=dict(in_channels=[1024, 1024, 1024, 1024]))
