# DINOv3 ViT-B/16 and the head of VFM-UDA; license: DINOv3 License.
_base_ = './dinov2-b_deconv.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_base_patch16_dinov3',
        positions='timm',
        input_scale=1.0,
        init_cfg=dict(checkpoint='checkpoints/dinov3_base.pth')))
