# FST-W: three futures wide.
_base_ = './streets_mean-teacher.py'
custom_hooks = [dict(type='WideFSTHook', width=3, decay=0.99)]
