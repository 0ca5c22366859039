# U2PL: Pascal VOC with 2646 labels,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_513x513_released-padding_2646.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-contrast.py',
    '../_base_/methods/ssl_u2pl.py',
    '../_base_/schedules/sgd_voc_ssl_2646.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
# As released: the teacher is the student in the whole first epoch.
custom_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.99,
        when='after',
        copy_iters=_base_.epoch)
]
