# PS-MT on Cityscapes, UniMatch's lists of 1/8 and 1/4; scored as CPS.
title = "Semi-supervised Cityscapes, UniMatch's lists: PS-MT"
configs = [
    dict(
        config=f'cityscapes-stpp_{network}-deeplabv3plus_{method}.py',
        partition=labels)
    for network in ('resnet50', 'resnet101')
    for labels in (372, 744)
    for method in ('ps-mt', 'ps-mt_fst')
]
