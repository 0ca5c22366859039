# U2PL as released: Pascal VOC with 662 labels,
# ResNet-101 and DeepLabV3+, 80 epochs. 77.21 as published (README of U2PL).
_base_ = [
    '../_base_/datasets/voc2012_513x513_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-contrast.py',
    '../_base_/methods/ssl_u2pl_released.py',
    '../_base_/schedules/sgd_voc_ssl_662.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
max_iters = 80 * _base_.epoch
train_cfg = dict(max_iters=max_iters)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol,
    warmup_iters=_base_.epoch)
# The teacher is the student until the end of the second epoch.
custom_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.99,
        when='after',
        copy_iters=2 * _base_.epoch)
]
