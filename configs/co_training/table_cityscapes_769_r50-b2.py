title = ('Diverse Co-training: Cityscapes, '
         'crops of 769, ResNet-50 and MiT-B2')
configs = [
    dict(config=f'cityscapes-stpp_769_r50-b2_{method}.py', partition=labels)
    for method in ('supervised-rgb', 'supervised-dct', '2-cps', '3-cps')
    for labels in (100, 186, 372, 744)
]
