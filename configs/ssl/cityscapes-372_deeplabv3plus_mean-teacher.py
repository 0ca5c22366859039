# Mean teacher: Cityscapes with 372 labels,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_released-padding_372.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-cityscapes.py',
    '../_base_/methods/ssl_mean_teacher.py',
    '../_base_/schedules/sgd_cityscapes_ssl_372.py',
    '../_base_/protocols/cityscapes_windows_u2pl.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol,
    # Not set in the release: the pixels of the very highest entropy alone.
    pseudo_filter=dict(percentile=100))
# As released: the teacher is the student in the whole first epoch.
custom_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.99,
        when='after',
        copy_iters=_base_.epoch)
]
