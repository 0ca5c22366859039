# SYNTHIA -> Cityscapes: FST and the methods it is compared with.
title = 'SYNTHIA to Cityscapes'
configs = [
    f'synthia2cityscapes_mit-b5-daformer_{method}.py'
    for method in ('source-only', 'dacs', 'daformer', 'fst-d')
] + [
    f'synthia2cityscapes_mit-b5-hrda_{method}.py'
    for method in ('daformer', 'fst', 'fst-d', 'mic', 'mic_fst', 'mic_fst-d')
] + [
    f'synthia2cityscapes_dinov2-b-deconv_{method}.py'
    for method in ('vfm-uda', 'vfm-uda_fst', 'vfm-uda_fst-d')
]
