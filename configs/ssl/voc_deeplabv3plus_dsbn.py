# DSBN: Pascal VOC, U2PL's lists,
# ResNet-101 and DeepLabV3+ (Xception-65 in the release).
_base_ = [
    '../_base_/datasets/voc2012_513x513.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl.py',
    '../_base_/methods/ssl_dsbn.py',
    '../_base_/schedules/sgd_20k_dsbn.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(batch_size=2)
