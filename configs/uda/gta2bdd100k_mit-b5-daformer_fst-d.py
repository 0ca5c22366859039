# FST-D, three steps deep, on DAFormer.
_base_ = './gta2bdd100k_mit-b5-daformer_daformer.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
