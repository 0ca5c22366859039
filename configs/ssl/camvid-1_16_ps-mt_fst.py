# The same with FST, three steps deep.
_base_ = './camvid-1_16_ps-mt.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.996,
        buffers='average',
        when='after')
]
