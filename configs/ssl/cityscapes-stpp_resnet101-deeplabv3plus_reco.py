# ReCo: Cityscapes at half of its size, UniMatch's lists, 2 + 2 images on one
# GPU, ResNet-101 and DeepLabV3+. The release has torchvision's ResNet with a
# 7x7 stem and one 3x3 convolution less in each branch of the head.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_512x512_reco.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-unimatch.py',
    '../_base_/methods/ssl_reco.py',
    '../_base_/schedules/sgd_cityscapes_reco.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(
    decode_head=dict(num_classes=19, representation_channels=256))
