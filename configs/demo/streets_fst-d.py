# FST-D: three virtual steps deep.
_base_ = './streets_mean-teacher.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99)]
