# ST++ as released: Cityscapes, UniMatch's lists,
# ResNet-50 and DeepLabV3+; whole images are scored.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_721x721_stpp.py',
    '../_base_/models/resnet50-plain_deeplabv3plus-stpp.py',
    '../_base_/methods/ssl_stpp_released.py',
    '../_base_/schedules/sgd_cityscapes_stpp.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=19))
stages = dict(first=_base_.first_stage, second=_base_.second_stage)
