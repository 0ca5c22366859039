# FST on Cityscapes, U2PL's lists of 1/16, 1/8 and 1/4.
title = 'Semi-supervised Cityscapes: FST and its mean teachers'
configs = [
    f'cityscapes-{labels}_deeplabv3plus_{method}.py'
    for labels in (186, 372, 744)
    for method in ('mean-teacher', 'mean-teacher-4x', 'fst')
]
