# FST, three steps deep, on the mean teacher with CutMix.
_base_ = './voc_deeplabv3plus_cutmix.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.99,
        when='after',
        copy_iters='1 epoch')
]
