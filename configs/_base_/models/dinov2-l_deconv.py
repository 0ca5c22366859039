# DINOv2 ViT-L/14 and the head of VFM-UDA.
_base_ = './dinov2-s_deconv.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_large_patch14_dinov2',
        out_indices=[23],
        init_cfg=dict(checkpoint='checkpoints/dinov2_large.pth')),
    decode_head=dict(in_channels=1024, channels=256))
