# 2-cps, RGB images and DCT coefficients: a sixteenth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/students/camvid-1_16.py',
    '../_base_/methods/co_training.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
model = dict(
    students=dict(
        rgb=_base_.rgb,
        dct=_base_.dct))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
