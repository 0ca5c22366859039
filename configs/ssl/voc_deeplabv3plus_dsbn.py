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
# One range of factors, and black padding around small images.
resize = dict(_base_.resize, ranges=((0.5, 2.0), ))
padding = dict(
    type='PadToCrop', size=_base_.crop_size, pad_val=(0, 0, 0))
views = [resize, _base_.crop, _base_.flip, padding, _base_.pack]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                pipeline=[_base_.load, _base_.annotations, *views]),
            unlabeled=dict(pipeline=[_base_.load, *views]))))
