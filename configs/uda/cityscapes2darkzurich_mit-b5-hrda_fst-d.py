# FST-D, three steps deep, on HRDA.
_base_ = './cityscapes2darkzurich_mit-b5-hrda_daformer.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
