# FST-D, three steps deep, on VFM-UDA.
_base_ = './synthia2cityscapes_dinov2-b-deconv_vfm-uda.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
