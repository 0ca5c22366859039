# Labels alone, as long as U2PL: Cityscapes, U2PL's lists,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-cityscapes.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/sgd_cityscapes_u2pl.py',
    '../_base_/protocols/cityscapes_windows_u2pl.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
