# DSBN: Cityscapes, U2PL's lists,
# ResNet-101 and DeepLabV3+ (Xception-65 in the release).
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl.py',
    '../_base_/methods/ssl_dsbn.py',
    '../_base_/schedules/sgd_20k_dsbn.py',
    '../_base_/protocols/cityscapes_windows_u2pl.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=19))
