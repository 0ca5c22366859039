# FST-W, three futures wide, on DAFormer.
_base_ = './gta2cityscapes_mit-b5-daformer_daformer.py'
custom_hooks = [dict(type='WideFSTHook', width=3, match_release=True)]
