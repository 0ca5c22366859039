# FST, three steps deep, on UniMatch V2.
_base_ = './cityscapes-stpp_dinov2-s-dpt_unimatch-v2.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.996,
        buffers='copy',
        when='after')
]
