# Cells of Diverse Co-training on Cityscapes that it has not published: labels
# alone for DCT coefficients, 186 labels for ResNet-50 and MiT-B2, 100 for
# ResNet-101 and MiT-B3.
title = 'Diverse Co-training: Cityscapes, without published numbers'
configs = [
    dict(
        config=f'cityscapes-stpp_769_{size}_supervised-dct.py',
        partition=labels)
    for size in ('r50-b2', 'r101-b3')
    for labels in (100, 186, 372, 744)
] + [
    dict(config=f'cityscapes-stpp_769_{size}_{method}.py', partition=labels)
    for size, labels in (('r50-b2', 186), ('r101-b3', 100))
    for method in ('supervised-rgb', '2-cps', '3-cps')
]
