# FST-W, three futures wide, on DAFormer.
_base_ = './gta2cityscapes_swin-b-upernet_daformer.py'
custom_hooks = [dict(type='WideFSTHook', width=3, match_release=True)]
