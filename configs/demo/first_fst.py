# The second stage of `sh train.sh`: FST continues from first_source-only.py
# with the unlabeled images of the camera domain.
_base_ = [
    '../_base_/datasets/streets_256x128_rare-classes.py',
    '../_base_/models/unet8_fcn_dice.py', '../_base_/methods/mean_teacher.py',
    '../_base_/schedules/adamw_first_run.py', '../_base_/default_runtime.py'
]
load_from = 'work_dirs/demo/first_source-only/{run}/iter_2000.pth'
# The network is trained already: half the learning rate and iterations.
train_cfg = dict(max_iters=1000, val_interval=200)
optim_wrapper = dict(optimizer=dict(lr=5e-3))
param_scheduler = [_base_.warmup, dict(_base_.poly, end=1000)]
default_hooks = dict(checkpoint=dict(interval=200))
# A threshold for each class: one for all drops thin and rare classes.
model = dict(pseudo_labeler=dict(_delete_=True, type='ClassThreshold'))
custom_hooks = [dict(type='FSTHook', depth=1, decay=0.99)]
