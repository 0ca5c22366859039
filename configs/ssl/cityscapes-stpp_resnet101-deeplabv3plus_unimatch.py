# UniMatch: Cityscapes, UniMatch's lists,
# ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_801x801.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch-cityscapes.py',
    '../_base_/methods/ssl_unimatch.py',
    '../_base_/schedules/sgd_cityscapes_unimatch.py',
    '../_base_/protocols/cityscapes_windows_unimatch.py',
    '../_base_/default_runtime.py'
]
model = dict(
    # As released: here every pixel is sure enough.
    pseudo_labeler=dict(threshold=0.))
