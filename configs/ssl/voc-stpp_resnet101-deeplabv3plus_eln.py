# ELN: Pascal VOC, ST++'s blended lists,
# ResNet-101 and DeepLabV3+, a localizer of ResNet-34.
_base_ = [
    '../_base_/datasets/voc2012_505x505_eln.py',
    '../_base_/models/resnet101-plain_deeplabv3plus-eln.py',
    '../_base_/methods/ssl_eln.py',
    '../_base_/schedules/adamw_voc_eln.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(
    supervised_iters=70 * 266,
    warmup_iters=120 * 266,
    localizer=dict(match_release=True, network=_base_.localizer_network))
custom_hooks = [
    dict(type='StudentResetHook', interval=266),
    dict(
        type='MeanTeacherHook',
        decay=0.995,
        when='after',
        copy_iters=120 * 266)
]
