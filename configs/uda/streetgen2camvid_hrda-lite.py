# HRDA at the size of a CPU: two scales of MobileNetV2. Adapts its source-only
# model: run streetgen2camvid_hrda-lite_source-only.py first.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid_256x384.py',
    '../_base_/models/mobilenetv2_hrda.py',
    '../_base_/methods/mean_teacher.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
load_from = (
    'work_dirs/uda/streetgen2camvid_hrda-lite_source-only/seed_0/'
    'iter_600.pth')
# As streetgen2camvid_mean-teacher.py.
train_cfg = dict(max_iters=100, val_interval=50)
optim_wrapper = dict(optimizer=dict(lr=1e-4))
warmup = dict(_base_.warmup, end=10)
poly = dict(_base_.poly, begin=10, end=100)
param_scheduler = [warmup, poly]
default_hooks = dict(checkpoint=dict(interval=50))
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
