# FixMatch: Pascal VOC, ST++'s list of 1464 high-quality labels,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_321x321_1464.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch.py',
    '../_base_/methods/ssl_fixmatch.py',
    '../_base_/schedules/sgd_voc_unimatch_1464.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
