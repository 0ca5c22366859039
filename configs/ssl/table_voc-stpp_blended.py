# CTT, CAC, CorrMatch, PrevMatch and AllSpark on Pascal VOC 2012 + SBD, the
# lists of all labels of ST++ of 1/16, 1/8 and 1/4; scored at native size.
title = ("Semi-supervised Pascal VOC 2012, ST++'s blended lists: CTT, CAC, "
         'CorrMatch, PrevMatch and AllSpark')
configs = [
    dict(
        config=f'voc-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (662, 1323, 2646)
    for method in ('ctt', 'ctt_fst', 'cac', 'corrmatch')
] + [
    dict(
        config='voc-stpp_resnet50-deeplabv3plus_prevmatch.py',
        partition=labels)
    for labels in (662, 1323, 2646)
] + [
    dict(
        config='voc-stpp_mit-b5-segformer_allspark.py', partition=labels)
    for labels in (662, 1323, 2646)
]
