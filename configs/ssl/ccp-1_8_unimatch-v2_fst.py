# The same with FST, three steps deep.
_base_ = './ccp-1_8_unimatch-v2.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.996,
        buffers='copy',
        when='after')
]
