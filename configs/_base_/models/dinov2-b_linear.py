# DINOv2 ViT-B/14 and its linear head; crops: multiples of 14.
_base_ = './dinov2-s_linear.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_base_patch14_dinov2',
        init_cfg=dict(checkpoint='checkpoints/dinov2_base.pth')),
    decode_head=dict(in_channels=768))
