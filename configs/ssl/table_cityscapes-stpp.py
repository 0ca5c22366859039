# UniMatch on Cityscapes, UniMatch's lists of 1/16, 1/8 and 1/4.
title = "Semi-supervised Cityscapes, UniMatch's lists: UniMatch"
configs = [
    f'cityscapes-stpp-{labels}_resnet101-deeplabv3plus_{method}.py'
    for labels in (186, 372, 744)
    for method in ('fixmatch', 'unimatch')
]
