# U2PL as released: Pascal VOC, U2PL's lists,
# ResNet-101 and DeepLabV3+, 80 epochs. 77.21 as published (README of U2PL).
_base_ = [
    '../_base_/datasets/voc2012_513x513_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-contrast.py',
    '../_base_/methods/ssl_u2pl_released.py',
    '../_base_/schedules/sgd_voc_ssl.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
epochs = dict(count=80)
# In the first epoch the teacher keeps its own weights, in the second one it
# is the student.
model = dict(warmup_iters='1 epoch', teacher_start='own')
custom_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.99,
        when='after',
        copy_iters='2 epochs')
]
