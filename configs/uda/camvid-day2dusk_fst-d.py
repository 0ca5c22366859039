_base_ = [
    '../_base_/datasets/camvid_day_to_dusk.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/mean_teacher.py',
    '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99)]
