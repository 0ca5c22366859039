# The CPU-sized students, trained on a sixteenth of CamVid: see
# configs/co_training/camvid-1_16_supervised-*.py.
from mmengine import Config

folder = '{{ fileDirname }}'
trained = 'work_dirs/{}/camvid-1_16_supervised{}/{{run}}/iter_900.pth'
rgb, deeplabv3plus, dct = (
    Config.fromfile(f'{folder}/../models/{name}.py').segmentor
    for name in ('mobilenetv2_segformer-ssl', 'mobilenetv2_deeplabv3plus-ssl',
                 'mobilenetv2-dct_segformer-ssl'))
second = dict(rgb)
for student, place in ((rgb, ('ssl', '')), (second, ('co_training',
                                                     '-second')),
                       (deeplabv3plus, ('co_training', '-deeplabv3plus')),
                       (dct, ('co_training', '-dct'))):
    student['init_cfg'] = dict(
        type='Pretrained',
        prefix='student.',
        checkpoint=trained.format(*place))
channels_last = True
del Config, folder, trained, student, place
