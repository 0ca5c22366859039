# Networks of CPS: ResNet-101 and DeepLabV3+ at stride 16, with dilations of 2,
# 4 and 8 in the last blocks. Behind its pyramid are leaky ReLUs, here ReLUs.
from mmengine import Config

network = Config.fromfile(
    '{{ fileDirname }}/../models/'
    'resnet101-deep_deeplabv3plus-unimatch.py').segmentor
network.backbone.multi_grid = (2, 4, 8)
del Config
