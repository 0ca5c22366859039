title = ('Diverse Co-training: Cityscapes, '
         'crops of 769, ResNet-101 and MiT-B3')
configs = [
    f'cityscapes-stpp-{labels}_769_r101-b3_{method}.py'
    for method in ('supervised-rgb', 'supervised-dct', '2-cps', '3-cps')
    for labels in (100, 186, 372, 744)
]
