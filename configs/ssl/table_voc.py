# FST on Pascal VOC 2012 + SBD, U2PL's lists of 1/16, 1/8 and 1/4.
title = 'Semi-supervised Pascal VOC 2012: FST and its mean teachers'
configs = [
    f'voc-{labels}_{network}_{method}.py'
    for network in ('pspnet', 'deeplabv2', 'deeplabv3plus')
    for labels in (662, 1323, 2646)
    for method in ('mean-teacher', 'mean-teacher-4x', 'fst')
] + ['voc-662_deeplabv3plus_u2pl.py', 'voc-662_deeplabv3plus_u2pl_fst.py']
