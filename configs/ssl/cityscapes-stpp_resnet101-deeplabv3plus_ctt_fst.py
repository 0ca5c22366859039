# FST, three steps deep, on CTT.
_base_ = './cityscapes-stpp_resnet101-deeplabv3plus_ctt.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, when='after')]
