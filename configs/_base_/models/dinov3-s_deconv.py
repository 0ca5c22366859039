# DINOv3 ViT-S/16 and the head of VFM-UDA. Its patches have 16 pixels; its
# positions rotate queries and keys, so they need no rule for their size.
# For other heads replace `model_name` and `checkpoint` of
# dinov2-s_{linear,dpt,daformer}.py likewise. License: DINOv3 License.
_base_ = './dinov2-s_deconv.py'
segmentor = dict(
    backbone=dict(
        model_name='vit_small_patch16_dinov3',
        positions='timm',
        input_scale=1.0,
        init_cfg=dict(checkpoint='checkpoints/dinov3_small.pth')))
