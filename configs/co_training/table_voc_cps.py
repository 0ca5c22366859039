# CPS on Pascal VOC, ST++'s lists of 1/16, 1/8 and 1/4.
title = 'CPS: Pascal VOC, crops of 512'
configs = [
    dict(config=f'voc-stpp_512_{depth}_{method}.py', partition=labels)
    for depth in ('r50', 'r101') for method in ('cps', 'cps-cutmix')
    for labels in (662, 1323, 2646)
]
