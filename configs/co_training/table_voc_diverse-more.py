# Cells of Diverse Co-training on Pascal VOC that it has not published: labels
# alone for DCT coefficients; 331 labels for ResNet-101 and MiT-B3; lists of
# high-quality labels with crops of 321 for ResNet-50 and MiT-B2.
title = 'Diverse Co-training: Pascal VOC, without published numbers'
sizes = ('321_r50-b2', '513_r50-b2', '321_r101-b3', '513_r101-b3')
configs = [
    dict(config=f'voc-stpp_{size}_supervised-dct.py', partition=labels)
    for size in sizes
    for labels in (92, 183, 366, 732, 1464, 331, 662, 1323, 2646)
] + [
    dict(config=f'voc-stpp_{size}_{method}.py', partition=331)
    for size in sizes[2:]
    for method in ('supervised-rgb', '2-cps', '3-cps')
] + [
    dict(config=f'voc-stpp_321_r50-b2_{method}.py', partition=labels)
    for method in ('supervised-rgb', '3-cps')
    for labels in (92, 183, 366, 732, 1464)
]
