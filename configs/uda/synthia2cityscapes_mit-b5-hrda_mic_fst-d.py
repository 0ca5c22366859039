# FST-D, three steps deep, on MIC on HRDA.
_base_ = './synthia2cityscapes_mit-b5-hrda_mic.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
