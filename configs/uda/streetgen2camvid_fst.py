_base_ = './streetgen2camvid_mean-teacher.py'
custom_hooks = [dict(type='FSTHook', depth=1, decay=0.99)]
