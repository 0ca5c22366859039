# FST, three steps deep, on U2PL.
_base_ = './voc_deeplabv3plus_u2pl.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.99,
        when='after',
        copy_iters='1 epoch')
]
