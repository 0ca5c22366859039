# UniMatch, PrevMatch, CorrMatch and AllSpark on Cityscapes, UniMatch's lists of
# 1/16, 1/8 and 1/4.
title = "Semi-supervised Cityscapes, UniMatch's lists: UniMatch and others"
configs = [
    dict(
        config=f'cityscapes-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (186, 372, 744)
    for method in ('fixmatch', 'unimatch', 'prevmatch', 'corrmatch')
] + [
    dict(
        config='cityscapes-stpp_mit-b5-segformer_allspark.py',
        partition=labels)
    for labels in (186, 372, 744)
]
