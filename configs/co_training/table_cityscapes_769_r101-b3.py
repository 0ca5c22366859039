title = ('Diverse Co-training: Cityscapes, '
         'crops of 769, ResNet-101 and MiT-B3')
configs = [
    dict(config=f'cityscapes-stpp_769_r101-b3_{method}.py', partition=labels)
    for method in ('supervised-rgb', 'supervised-dct', '2-cps', '3-cps')
    for labels in (100, 186, 372, 744)
]
