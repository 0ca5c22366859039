# Table of Diverse Co-training's README: Pascal VOC, blended lists, ResNet-50
# and MiT-B2. docs/tables.md has the published numbers.
title = ('Diverse Co-training: Pascal VOC, blended lists, '
         'ResNet-50 and MiT-B2')
blended = (331, 662, 1323, 2646)
ssl = '../ssl/voc-stpp_resnet50-deeplabv3plus'
configs = [
    dict(config=config, partition=labels)
    for config, lists in (
        ('voc-stpp_321_r50-b2_supervised-rgb.py', blended),
        (f'{ssl}_stpp.py', blended[1:]),
        ('voc-stpp_321_r50-b2_2-cps.py', blended),
        ('voc-stpp_321_r50-b2_3-cps.py', blended),
        ('voc-stpp_513_r50-b2_supervised-rgb.py', blended),
        (f'{ssl}_u2pl.py', blended[1:]),
        (f'{ssl}_ps-mt.py', blended[1:]),
        ('voc-stpp_513_r50-b2_2-cps.py', blended),
        ('voc-stpp_513_r50-b2_3-cps.py', blended))
    for labels in lists
]
