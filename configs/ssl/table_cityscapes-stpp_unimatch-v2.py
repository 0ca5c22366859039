# UniMatch V2 on Cityscapes, UniMatch's lists of 1/16, 1/8 and 1/4; scored by
# windows of its own, so apart from UniMatch.
title = "Semi-supervised Cityscapes, UniMatch's lists: UniMatch V2"
configs = [
    f'cityscapes-stpp-{labels}_dinov2-{size}-dpt_{method}.py'
    for size in ('s', 'b')
    for labels in (186, 372, 744)
    for method in ('unimatch-v2', 'unimatch-v2_fst')
]
