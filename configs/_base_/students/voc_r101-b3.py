# Students of Diverse Co-training on Pascal VOC: ResNet-101 and MiT-B3.
from mmengine import Config

models = '{{ fileDirname }}/../models'
mit = Config.fromfile(f'{models}/mit-b3_segformer.py').segmentor
dct = Config.fromfile(f'{models}/resnet101-dct_deeplabv3plus.py').segmentor
rgb = Config.fromfile(
    f'{models}/resnet101-deep_deeplabv3plus-unimatch.py').segmentor
del Config, models
