# Mean teacher: Cityscapes, U2PL's lists,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-cityscapes.py',
    '../_base_/methods/ssl_mean_teacher.py',
    '../_base_/schedules/sgd_cityscapes_ssl.py',
    '../_base_/protocols/cityscapes_windows_u2pl.py',
    '../_base_/default_runtime.py'
]
model = dict(
    # Not set in the release: the pixels of the very highest entropy alone.
    pseudo_filter=dict(percentile=100))
custom_hooks = _base_.released_hooks
