# MIC: the mean teacher, and masked frames of the target.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid_budget.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/mic.py', '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/uda/streetgen2camvid_source-only/seed_0/iter_600.pth'
# A sixteenth of the longer side of the crop.
model = dict(mask=dict(block_size=16))
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
