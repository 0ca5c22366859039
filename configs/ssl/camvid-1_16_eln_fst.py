# The same with FST, three steps deep.
_base_ = './camvid-1_16_eln.py'
custom_hooks = [
    dict(type='StudentResetHook', interval=50),
    dict(
        type='FSTHook',
        depth=3,
        decay=0.995,
        when='after',
        copy_iters=100)
]
