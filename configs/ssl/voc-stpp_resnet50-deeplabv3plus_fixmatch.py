# FixMatch: Pascal VOC, ST++'s lists,
# ResNet-50 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_321x321.py',
    '../_base_/models/resnet50-deep_deeplabv3plus-unimatch.py',
    '../_base_/methods/ssl_fixmatch.py',
    '../_base_/schedules/sgd_voc_unimatch.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
