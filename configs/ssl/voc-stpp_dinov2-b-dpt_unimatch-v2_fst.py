# FST, three steps deep, on UniMatch V2.
_base_ = './voc-stpp_dinov2-b-dpt_unimatch-v2.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.996,
        buffers='copy',
        when='after')
]
