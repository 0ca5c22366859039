# FST, three steps deep, on PS-MT.
_base_ = './cityscapes-stpp_resnet101-deeplabv3plus_ps-mt.py'
custom_hooks = [
    dict(
        type='FSTHook',
        depth=3,
        decay=0.996,
        buffers='average',
        when='after')
]
