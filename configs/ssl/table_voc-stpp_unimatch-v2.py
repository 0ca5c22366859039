# UniMatch V2 on Pascal VOC 2012 + SBD, high-quality lists of ST++; scored at
# multiples of 14 pixels, so apart from UniMatch.
title = "Semi-supervised Pascal VOC 2012, ST++'s lists: UniMatch V2"
configs = [
    dict(config=f'voc-stpp_dinov2-{size}-dpt_{method}.py', partition=labels)
    for size in ('s', 'b')
    for labels in (92, 183, 366, 732, 1464)
    for method in ('unimatch-v2', 'unimatch-v2_fst')
]
