# FST, U2PL and their baselines on Cityscapes, U2PL's lists of 1/16, 1/8 and
# 1/4. The first three methods train as in FST's release, 80 epochs, the others
# as in U2PL's, 200 epochs with a slower head: compare within each. AEL and
# DSBN have schedules of their releases.
title = "Semi-supervised Cityscapes, U2PL's lists: FST and U2PL"
configs = [
    dict(
        config=f'cityscapes_deeplabv3plus_{method}.py', partition=labels)
    for labels in (186, 372, 744)
    for method in ('mean-teacher', 'mean-teacher-4x', 'fst', 'supervised',
                   'cutmix', 'cutmix_fst', 'u2pl', 'u2pl_fst', 'ael',
                   'ael_fst', 'dsbn')
]
