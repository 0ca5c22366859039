# Students of Diverse Co-training on Pascal VOC: ResNet-50 and MiT-B2.
from mmengine import Config

models = '{{ fileDirname }}/../models'
mit = Config.fromfile(f'{models}/mit-b2_segformer.py').segmentor
dct = Config.fromfile(f'{models}/resnet50-dct_deeplabv3plus.py').segmentor
rgb = Config.fromfile(
    f'{models}/resnet50-deep_deeplabv3plus-unimatch.py').segmentor
del Config, models
