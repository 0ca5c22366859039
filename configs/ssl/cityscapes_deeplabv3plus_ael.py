# AEL: Cityscapes, U2PL's lists,
# ResNet-101 and DeepLabV3+ with an auxiliary head.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-cityscapes.py',
    '../_base_/methods/ssl_ael.py',
    '../_base_/schedules/sgd_cityscapes_ael.py',
    '../_base_/protocols/cityscapes_windows_u2pl.py',
    '../_base_/default_runtime.py'
]
paste_resize = dict(
    type='RandomFactorResize', ranges=((0.1, 1.0), (1.0, 2.0)))
paste_pipeline = [
    _base_.load, _base_.annotations, paste_resize, _base_.crop, _base_.flip,
    _base_.padding, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            paste=dict(
                _base_.train_dataloader.dataset.sides.labeled,
                pipeline=paste_pipeline)),
        disjoint=[('labeled', 'unlabeled')]))
# Road, sidewalk, building, vegetation and sky fill most of an image.
model = dict(copy_paste=dict(excluded=(0, 1, 2, 8, 10)))
