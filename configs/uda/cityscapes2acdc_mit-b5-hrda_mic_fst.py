# FST on MIC on HRDA.
_base_ = './cityscapes2acdc_mit-b5-hrda_mic.py'
custom_hooks = [dict(type='FSTHook', depth=1, match_release=True)]
