# FST, U2PL and their baselines on Pascal VOC 2012 + SBD, U2PL's lists of 1/16,
# 1/8 and 1/4.
title = "Semi-supervised Pascal VOC 2012, U2PL's lists: FST and U2PL"
configs = [
    f'voc-{labels}_{network}_{method}.py'
    for network in ('pspnet', 'deeplabv2', 'deeplabv3plus')
    for labels in (662, 1323, 2646)
    for method in ('supervised', 'mean-teacher', 'mean-teacher-4x', 'fst')
] + [
    f'voc-{labels}_deeplabv3plus_{method}.py'
    for labels in (662, 1323, 2646)
    for method in ('cutmix', 'cutmix_fst', 'u2pl', 'u2pl_fst')
]
