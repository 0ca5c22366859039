# Table of Diverse Co-training's README: Pascal VOC, lists of high-quality
# labels, ResNet-101 and MiT-B3. docs/tables.md has the published numbers.
title = ('Diverse Co-training: Pascal VOC, lists of high-quality labels, '
         'ResNet-101 and MiT-B3')
original = (92, 183, 366, 732, 1464)
ssl = '../ssl/voc-stpp_resnet101-deeplabv3plus'
configs = [
    dict(config=config, partition=labels)
    for config, lists in (
        ('voc-stpp_321_r101-b3_supervised-rgb.py', original),
        (f'{ssl}_reco.py', original[:-1]),
        (f'{ssl}_stpp.py', original),
        ('voc-stpp_321_r101-b3_2-cps.py', original),
        ('voc-stpp_321_r101-b3_3-cps.py', original),
        ('voc-stpp_513_r101-b3_supervised-rgb.py', original),
        (f'{ssl}_u2pl.py', original),
        (f'{ssl}_ps-mt-original-92.py', (92, )),
        (f'{ssl}_ps-mt-original.py', original[1:]),
        ('voc-stpp_513_r101-b3_2-cps.py', original),
        ('voc-stpp_513_r101-b3_3-cps.py', original))
    for labels in lists
]
