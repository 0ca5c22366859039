# ReCo and CTT on Cityscapes at half of its size, UniMatch's lists of 1/30,
# 1/16, 1/8 and 1/4.
title = "Semi-supervised Cityscapes, UniMatch's lists: ReCo and CTT"
configs = [
    dict(
        config=f'cityscapes-stpp_resnet101-deeplabv3plus_{method}.py',
        partition=labels)
    for labels in (100, 186, 372, 744)
    for method in ('reco', 'reco_fst', 'ctt', 'ctt_fst')
]
