# ST++ as released: Pascal VOC, ST++'s lists,
# ResNet-50 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_321x321_stpp.py',
    '../_base_/models/resnet50-plain_deeplabv3plus-stpp.py',
    '../_base_/methods/ssl_stpp_released.py',
    '../_base_/schedules/sgd_voc_stpp.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
stages = dict(first=_base_.first_stage, second=_base_.second_stage)
