# UniMatch and ST++ on Pascal VOC 2012 + SBD, ST++'s lists: 92 to 1464 are of
# high-quality labels alone, 662 to 2646 of all. Scored at native size.
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
    for labels in (662, 1323, 2646)
]
