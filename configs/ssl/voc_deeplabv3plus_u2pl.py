# U2PL: Pascal VOC, U2PL's lists,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_513x513_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-contrast.py',
    '../_base_/methods/ssl_u2pl.py',
    '../_base_/schedules/sgd_voc_ssl.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
custom_hooks = _base_.released_hooks
