# CorrMatch: Cityscapes, UniMatch's lists, ResNet-101 and DeepLabV3+ at stride
# 8. The config of the release has no `pretrain` and no `thresh_init`; here both
# are as on Pascal VOC. It scores center crops until the last 20 epochs.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_801x801.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch-os8.py',
    '../_base_/methods/ssl_corrmatch.py',
    '../_base_/schedules/sgd_cityscapes_unimatch.py',
    '../_base_/protocols/cityscapes_windows_unimatch.py',
    '../_base_/default_runtime.py'
]
# At least 100000 hard pixels of the 2 labeled images of a process.
segmentor = dict(
    backbone=dict(multi_grid=None),
    decode_head=dict(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=50000)))
