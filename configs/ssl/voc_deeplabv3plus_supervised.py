# Labels alone, as long as FST: Pascal VOC, U2PL's lists,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_513x513_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/sgd_voc_ssl.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
