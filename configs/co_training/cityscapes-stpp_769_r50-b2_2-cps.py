# 2-cps on Cityscapes, ResNet-50 and MiT-B2, crops of 769.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_diverse.py',
    '../_base_/students/cityscapes_r50-b2.py',
    '../_base_/methods/co_training.py',
    '../_base_/schedules/sgd_cityscapes_diverse.py',
    '../_base_/protocols/cityscapes_windows_diverse.py',
    '../_base_/default_runtime.py'
]
model = dict(students=dict(mit=_base_.mit, dct=_base_.dct))
