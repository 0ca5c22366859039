# Co-training at the size of a CPU, an eighth of CamVid with labels.
title = 'Co-training, CamVid 1/8 with labels'
configs = [
    '../ssl/camvid-1_8_supervised.py', *(
        f'camvid-1_8_{name}.py'
        for name in ('supervised-second', 'supervised-deeplabv3plus',
                     'supervised-dct', 'cps', '2-cps-rgb', '2-cps-dct',
                     '3-cps'))
]
