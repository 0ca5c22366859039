# GTA -> Cityscapes: FST and the methods it is compared with.
title = 'GTA to Cityscapes'
configs = [
    f'gta2cityscapes_{network}_{method}.py'
    for network in ('resnet101-deeplabv2', 'swin-b-upernet',
                    'mit-b5-daformer')
    for method in ('source-only', 'dacs', 'daformer', 'fst', 'fst-w', 'fst-d')
] + [
    f'gta2cityscapes_{network}_{method}.py'
    for network in ('resnet50-deeplabv2', 'resnet101-pspnet',
                    'beit-b-upernet', 'dinov2-b-dpt')
    for method in ('daformer', 'fst-d')
] + [
    'gta2cityscapes_mit-b5-daformer_mic.py',
    'gta2cityscapes_mit-b5-daformer_mic_fst-d.py'
] + [
    f'gta2cityscapes_mit-b5-hrda_{method}.py'
    for method in ('daformer', 'fst', 'fst-d', 'mic', 'mic_fst', 'mic_fst-d')
] + [
    f'gta2cityscapes_dinov2-{size}-deconv_{method}.py' for size in 'sbl'
    for method in ('vfm-uda', 'vfm-uda_fst', 'vfm-uda_fst-d')
]
