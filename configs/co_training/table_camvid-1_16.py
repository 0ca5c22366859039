# Co-training at the size of a CPU, a sixteenth of CamVid with labels.
title = 'Co-training, CamVid 1/16 with labels'
configs = [
    '../ssl/camvid-1_16_supervised.py', *(
        f'camvid-1_16_{name}.py'
        for name in ('supervised-second', 'supervised-deeplabv3plus',
                     'supervised-dct', 'cps', '2-cps-rgb', '2-cps-dct',
                     '3-cps')),
    'camvid-1_16_2-cps-dct_self-look-ahead.py'
]
