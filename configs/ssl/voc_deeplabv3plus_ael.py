# AEL: Pascal VOC, U2PL's lists,
# ResNet-101 and DeepLabV3+ with an auxiliary head.
_base_ = [
    '../_base_/datasets/voc2012_513x513_released-padding.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-u2pl-cityscapes.py',
    '../_base_/methods/ssl_ael.py',
    '../_base_/schedules/sgd_voc_ael.py',
    '../_base_/protocols/voc_canvas513_released.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(
    decode_head=dict(num_classes=21), auxiliary_head=dict(num_classes=21))
paste_resize = dict(
    type='RandomFactorResize', ranges=((0.1, 1.0), (1.0, 2.0)))
paste_pipeline = [
    _base_.load, _base_.annotations, paste_resize, _base_.crop, _base_.flip,
    _base_.padding, _base_.pack
]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            paste=dict(
                _base_.train_dataloader.dataset.sides.labeled,
                pipeline=paste_pipeline)),
        disjoint=[('labeled', 'unlabeled')]))
# A single class is pasted. The release also excludes the classes 1, 2, 8 and
# 10, which fill most images of Cityscapes alone.
model = dict(
    copy_paste=dict(count=1, excluded=(0, )),
    pseudo_labeler=dict(threshold=0.7),
    mixer=dict(min_share=0.03, min_component=0.03))
