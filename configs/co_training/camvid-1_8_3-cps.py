# 3-cps, two architectures and two domains: an eighth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl_1_8.py',
    '../_base_/students/camvid-1_8.py',
    '../_base_/methods/co_training.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
model = dict(
    students=dict(
        rgb=_base_.rgb,
        deeplabv3plus=_base_.deeplabv3plus,
        dct=_base_.dct))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
