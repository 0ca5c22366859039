# CPS, two networks of one architecture: an eighth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl_1_8.py',
    '../_base_/students/camvid-1_8.py',
    '../_base_/methods/co_training.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
model = dict(
    students=dict(
        first=_base_.rgb,
        second=_base_.second))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
