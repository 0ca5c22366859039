# ReCo: Pascal VOC, ST++'s lists of high-quality labels, 10 + 10 images on one
# GPU, ResNet-101 and DeepLabV3+. The release has torchvision's ResNet with a
# 7x7 stem, one 3x3 convolution less in each branch of the head, and scales of
# 0.5 to 1.5.
_base_ = [
    '../_base_/datasets/voc2012_321x321_stpp.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch.py',
    '../_base_/methods/ssl_reco.py',
    '../_base_/schedules/sgd_voc_reco.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(representation_channels=256))
resize = dict(
    type='RandomFactorResize', ranges=((0.5, 1.5), ), backend='pillow')
train_dataloader = dict(
    batch_size=10,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=[
                _base_.load, _base_.annotations, resize, _base_.crop,
                _base_.flip, _base_.pack
            ]),
            unlabeled=dict(pipeline=[
                _base_.load, resize, _base_.crop, _base_.flip, _base_.pack
            ]))))
