# The same with FST, three steps deep.
_base_ = './camvid-1_16_reco.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, when='after')]
