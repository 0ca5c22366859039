# Adapts the source-only model: run streetgen2camvid_source-only.py first.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/mean_teacher.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/uda/streetgen2camvid_source-only/seed_0/iter_600.pth'
# The model is trained already: a third of the step, a short warm-up.
train_cfg = dict(max_iters=100, val_interval=50)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
warmup = dict(_base_.warmup, end=10)
poly = dict(_base_.poly, begin=10, end=100)
param_scheduler = [warmup, poly]
default_hooks = dict(checkpoint=dict(interval=50))
# A run of some hundred steps needs a teacher that follows faster than 0.999.
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
