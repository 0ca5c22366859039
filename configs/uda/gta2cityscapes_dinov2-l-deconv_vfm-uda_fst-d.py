# FST-D, three steps deep, on VFM-UDA.
_base_ = './gta2cityscapes_dinov2-l-deconv_vfm-uda.py'
custom_hooks = [dict(type='FSTHook', depth=3, match_release=True)]
