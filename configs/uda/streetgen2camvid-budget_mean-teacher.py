# Labels of rendered frames and of a few frames of the target, and the other
# frames of the target without labels: a mean teacher with ClassMix. Adapts the
# source-only model: run streetgen2camvid_source-only.py first. --partition 5
# states the number of labeled frames; 0 is streetgen2camvid_mean-teacher.py.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid_budget.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/mean_teacher.py', '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/uda/streetgen2camvid_source-only/seed_0/iter_600.pth'
# A run of some hundred steps needs a teacher that follows faster than 0.999.
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
