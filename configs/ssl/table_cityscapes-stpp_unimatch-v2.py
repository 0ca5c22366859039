# UniMatch V2 on Cityscapes, UniMatch's lists of 1/16, 1/8 and 1/4; scored by
# other windows, so apart from UniMatch.
title = "Semi-supervised Cityscapes, UniMatch's lists: UniMatch V2"
configs = [
    dict(
        config=f'cityscapes-stpp_dinov2-{size}-dpt_{method}.py',
        partition=labels)
    for size in ('s', 'b')
    for labels in (186, 372, 744)
    for method in ('unimatch-v2', 'unimatch-v2_fst')
]
