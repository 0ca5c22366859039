# UniMatch and ST++ on Pascal VOC 2012 + SBD, the lists of high-quality labels
# of ST++; scored at native size.
title = "Semi-supervised Pascal VOC 2012, ST++'s lists: UniMatch and ST++"
configs = [
    f'voc-stpp-{labels}_resnet101-deeplabv3plus_{method}.py'
    for labels in (92, 183, 366, 732, 1464)
    for method in ('fixmatch', 'unimatch')
] + [
    f'voc-stpp-732_resnet50-deeplabv3plus_{method}.py'
    for method in ('fixmatch', 'unimatch')
] + [
    f'voc-stpp-{labels}_resnet50-deeplabv3plus_stpp.py'
    for labels in (92, 183, 366, 732, 1464)
]
