# UniMatch, PrevMatch, CorrMatch, ST++, ReCo and AllSpark on Pascal VOC 2012 +
# SBD, the lists of high-quality labels of ST++; scored at native size.
title = "Semi-supervised Pascal VOC, ST++'s lists: UniMatch and others"
configs = [
    dict(
        config=f'voc-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (92, 183, 366, 732, 1464)
    for method in ('fixmatch', 'unimatch', 'prevmatch', 'corrmatch')
] + [
    dict(
        config='voc-stpp_resnet50-deeplabv3plus_prevmatch.py',
        partition=labels)
    for labels in (92, 183, 366, 732, 1464)
] + [
    dict(
        config=f'voc-stpp_resnet50-deeplabv3plus_{method}.py', partition=732)
    for method in ('fixmatch', 'unimatch')
] + [
    dict(
        config='voc-stpp_resnet50-deeplabv3plus_stpp.py', partition=labels)
    for labels in (92, 183, 366, 732, 1464)
] + [
    dict(
        config=f'voc-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (92, 183, 366, 732, 1464) for method in ('reco', 'reco_fst')
] + [
    dict(
        config='voc-stpp_mit-b5-segformer_allspark.py', partition=labels)
    for labels in (92, 183, 366, 732, 1464)
]
