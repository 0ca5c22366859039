title = ('Diverse Co-training: Pascal VOC, '
         'crops of 513, ResNet-101 and MiT-B3')
configs = [
    dict(config=f'voc-stpp_513_r101-b3_{method}.py', partition=labels)
    for method in ('supervised-rgb', 'supervised-dct', '2-cps', '3-cps')
    for labels in (92, 183, 366, 732, 1464)
]
