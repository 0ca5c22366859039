# A network to deploy: timm's smallest MobileNetV3 with half the width of the
# head. It starts from random weights; with access to the Hugging Face Hub,
# backbone=dict(pretrained=True) loads ImageNet weights.
_base_ = './mobilenetv2_segformer-ssl.py'
segmentor = dict(
    backbone=dict(model_name='mobilenetv3_small_100', init_cfg=None),
    decode_head=dict(in_channels=[16, 24, 48, 576], channels=32))
