# FST, U2PL, AEL, DSBN and their baselines on Pascal VOC 2012 + SBD, U2PL's
# lists of 1/16, 1/8 and 1/4. AEL and DSBN have schedules of their releases.
title = "Semi-supervised Pascal VOC 2012, U2PL's lists: FST and U2PL"
configs = [
    dict(config=f'voc_{network}_{method}.py', partition=labels)
    for network in ('pspnet', 'deeplabv2', 'deeplabv3plus')
    for labels in (662, 1323, 2646)
    for method in ('supervised', 'mean-teacher', 'mean-teacher-4x', 'fst')
] + [
    dict(config=f'voc_deeplabv3plus_{method}.py', partition=labels)
    for labels in (662, 1323, 2646)
    for method in ('cutmix', 'cutmix_fst', 'u2pl', 'u2pl_fst', 'ael',
                   'ael_fst', 'dsbn')
]
