# FST: the mean teacher's config with another hook.
_base_ = './streets_mean-teacher.py'
custom_hooks = [dict(type='FSTHook', depth=1, decay=0.99)]
