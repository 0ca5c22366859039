# FST, three steps deep, on ReCo.
_base_ = './cityscapes-stpp_resnet101-deeplabv3plus_reco.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, when='after')]
