# FST, three steps deep, on the mean teacher.
_base_ = './voc_pspnet_mean-teacher.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.99,
        when='after',
        copy_iters='1 epoch')
]
