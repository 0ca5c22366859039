_base_ = [
    '../_base_/datasets/labelmefacade_to_camvid.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/mean_teacher.py',
    '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=6))
custom_hooks = [dict(type='FSTHook', depth=3, decay=0.99)]
