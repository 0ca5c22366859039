# Table of Diverse Co-training's project page: Pascal VOC, lists of
# high-quality labels, ResNet-50 and MiT-B2; 2-cps with crops of 321 is in its
# logs. docs/tables.md has the published numbers.
title = ('Diverse Co-training: Pascal VOC, lists of high-quality labels, '
         'ResNet-50 and MiT-B2')
configs = [
    dict(config=f'voc-stpp_{name}.py', partition=labels)
    for name in ('321_r50-b2_2-cps', '513_r50-b2_supervised-rgb',
                 '513_r50-b2_2-cps', '513_r50-b2_3-cps')
    for labels in (92, 183, 366, 732, 1464)
]
