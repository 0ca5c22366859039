_base_ = [
    '../_base_/datasets/streets_256x128.py',
    '../_base_/models/unet8_fcn.py',
    '../_base_/methods/mean_teacher.py', '../_base_/schedules/adamw_demo.py',
    '../_base_/default_runtime.py'
]
# A run of some hundred steps needs a teacher that follows faster than 0.999.
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
