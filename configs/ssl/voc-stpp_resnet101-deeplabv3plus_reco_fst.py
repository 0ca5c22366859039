# FST, three steps deep, on ReCo.
_base_ = './voc-stpp_resnet101-deeplabv3plus_reco.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, when='after')]
