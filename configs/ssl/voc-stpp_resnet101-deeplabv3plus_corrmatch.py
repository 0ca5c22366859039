# CorrMatch: Pascal VOC, ST++'s lists, 4 + 4 images on each of 2 GPUs,
# ResNet-101 and DeepLabV3+ at stride 8.
_base_ = [
    '../_base_/datasets/voc2012_321x321.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch-os8.py',
    '../_base_/methods/ssl_corrmatch.py',
    '../_base_/schedules/sgd_voc_unimatch.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(backbone=dict(multi_grid=None))
train_dataloader = dict(batch_size=4)
epochs = dict(processes=2)
