# U2PL without its contrast, a mean teacher with CutMix:
# Cityscapes, U2PL's lists,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-cityscapes.py',
    '../_base_/methods/ssl_cutmix_mean_teacher.py',
    '../_base_/schedules/sgd_cityscapes_u2pl.py',
    '../_base_/protocols/cityscapes_windows_u2pl.py',
    '../_base_/default_runtime.py'
]
model = dict(
    # As of U2PL: ever fewer pixels are dropped.
    pseudo_filter=dict(percentile=80, final=100))
custom_hooks = _base_.released_hooks
