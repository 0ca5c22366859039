_base_ = './streetgen2camvid-budget_mean-teacher.py'
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99)]
