# FST-D, three steps deep, on MIC.
_base_ = './gta2cityscapes_mit-b5-daformer_mic.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
