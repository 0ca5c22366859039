# Students of Diverse Co-training on Cityscapes: ResNet-101 and MiT-B3; the
# ResNets at stride 8, and hard labeled pixels alone count.
from mmengine import Config

models = '{{ fileDirname }}/../models'
mit = Config.fromfile(f'{models}/mit-b3_segformer.py').segmentor
dct = Config.fromfile(
    f'{models}/resnet101-dct_deeplabv3plus-os8.py').segmentor
rgb = Config.fromfile(
    f'{models}/resnet101-deep_deeplabv3plus-unimatch-os8.py').segmentor
for student in (mit, dct, rgb):
    student.decode_head.update(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=100000))
del Config, models, student
