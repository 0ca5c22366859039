title = ('Diverse Co-training: Pascal VOC, '
         'crops of 321, ResNet-50 and MiT-B2')
configs = [
    dict(config=f'voc-stpp_321_r50-b2_{method}.py', partition=labels)
    for method in ('supervised-rgb', 'supervised-dct', '2-cps', '3-cps')
    for labels in (331, 662, 1323, 2646)
]
