# Table of Diverse Co-training's README: Cityscapes, crops of 769, ResNet-50
# and MiT-B2, then ResNet-101 and MiT-B3. docs/tables.md has the published
# numbers.
title = 'Diverse Co-training: Cityscapes, crops of 769'
ssl = '../ssl/cityscapes-stpp_resnet'
configs = [
    dict(config=config, partition=labels)
    for config, lists in (
        ('cityscapes-stpp_769_r50-b2_supervised-rgb.py', (100, 372, 744)),
        (f'{ssl}50-deeplabv3plus_u2pl.py', (100, 372, 744)),
        (f'{ssl}50-deeplabv3plus_stpp.py', (100, 372, 744)),
        ('cityscapes-stpp_769_r50-b2_2-cps.py', (100, 372, 744)),
        ('cityscapes-stpp_769_r50-b2_3-cps.py', (100, 372, 744)),
        ('cityscapes-stpp_769_r101-b3_supervised-rgb.py', (186, 372, 744)),
        (f'{ssl}101-deeplabv3plus_u2pl.py', (186, 372, 744)),
        (f'{ssl}101-deeplabv3plus_ps-mt.py', (372, 744)),
        ('cityscapes-stpp_769_r101-b3_2-cps.py', (186, 372, 744)),
        ('cityscapes-stpp_769_r101-b3_3-cps.py', (186, 372, 744)))
    for labels in lists
]
