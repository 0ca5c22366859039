# The same with FST, three steps deep.
_base_ = './ccp-1_8_cutmix.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99, when='after')]
