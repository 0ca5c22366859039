# FST on HRDA.
_base_ = './cityscapes2darkzurich_mit-b5-hrda_daformer.py'
custom_hooks = [dict(type='FSTHook', depth=1, match_release=True)]
