# CPS on Cityscapes, UniMatch's lists of 1/16, 1/8 and 1/4.
title = 'CPS: Cityscapes, crops of 800'
configs = [
    dict(config=f'cityscapes-stpp_800_{depth}_{method}.py', partition=labels)
    for depth in ('r50', 'r101') for method in ('cps', 'cps-cutmix')
    for labels in (186, 372, 744)
]
