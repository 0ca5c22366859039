# FST-D, three steps deep, on DAFormer.
_base_ = './gta2cityscapes_resnet50-deeplabv2_daformer.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
