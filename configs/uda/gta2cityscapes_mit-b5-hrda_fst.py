# FST on HRDA.
_base_ = './gta2cityscapes_mit-b5-hrda_daformer.py'
custom_hooks = [dict(type='FSTHook', depth=1, match_release=True)]
