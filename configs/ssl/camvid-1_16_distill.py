# A small network to deploy learns from camvid-1_16_supervised.py: a sixteenth
# of CamVid with labels. An ensemble is a longer list of `teachers`.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/distill.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
# timm's smallest MobileNetV3 and half the width of the head. It starts from
# random weights; with access to the Hugging Face Hub, pretrained=True loads
# ImageNet weights.
segmentor = dict(
    backbone=dict(model_name='mobilenetv3_small_100', init_cfg=None),
    decode_head=dict(in_channels=[16, 24, 48, 576], channels=32))
model = dict(teachers=['work_dirs/ssl/camvid-1_16_supervised/{run}'])
# The encoder is not pretrained: the learning rate of the head.
optim_wrapper = dict(
    optimizer=dict(lr=3e-3),
    paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=1.))))
