# FST, three steps deep, on AEL.
_base_ = './voc_deeplabv3plus_ael.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, when='after')]
