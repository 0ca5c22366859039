# FST-D, three steps deep, on DAFormer.
_base_ = './gta2cityscapes_swin-b-upernet_daformer.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
