_base_ = './streetgen2camvid_mean-teacher.py'
custom_hooks = [dict(type='WideFSTHook', width=3, decay=0.99)]
