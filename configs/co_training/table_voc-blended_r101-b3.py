# Table of Diverse Co-training's README: Pascal VOC, blended lists, ResNet-101
# and MiT-B3. docs/tables.md has the published numbers, and says what differs
# from the table; 3-CPS is published only.
title = ('Diverse Co-training: Pascal VOC, blended lists, '
         'ResNet-101 and MiT-B3')
blended = (662, 1323, 2646)
ssl = '../ssl/voc-stpp_resnet101-deeplabv3plus'
u2pl = '../ssl/voc_deeplabv3plus'
configs = [
    dict(config=config, partition=labels)
    for config, lists in (
        ('voc-stpp_321_r101-b3_supervised-rgb.py', blended),
        (f'{ssl}_cac.py', blended),
        (f'{ssl}_ctt.py', blended[:-1]),
        (f'{ssl}_stpp.py', blended),
        ('voc-stpp_321_r101-b3_2-cps.py', blended),
        ('voc-stpp_321_r101-b3_3-cps.py', blended),
        ('voc-stpp_513_r101-b3_supervised-rgb.py', blended),
        (f'{u2pl}_mean-teacher.py', blended),
        (f'{ssl}_cct.py', blended),
        ('../ssl/voc-stpp_resnet101-deeplabv2_gct.py', blended),
        ('voc-stpp_512_r101_cps-cutmix.py', blended),
        (f'{u2pl}_cutmix.py', blended),
        (f'{u2pl}_dsbn.py', blended[1:]),
        (f'{ssl}_eln.py', blended[1:]),
        (f'{ssl}_ps-mt.py', blended),
        (f'{ssl}_ael.py', blended),
        (f'{ssl}_u2pl.py', blended),
        ('voc-stpp_513_r101-b3_2-cps.py', blended),
        ('voc-stpp_513_r101-b3_3-cps.py', blended))
    for labels in lists
]
