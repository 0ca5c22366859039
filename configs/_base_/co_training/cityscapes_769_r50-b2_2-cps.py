# 2-cps on Cityscapes, ResNet-50 and MiT-B2, crops of 769.
_base_ = [
    '../datasets/cityscapes_ssl_769x769_diverse.py',
    '../students/cityscapes_r50-b2.py',
    '../methods/co_training.py', '../schedules/sgd_cityscapes_diverse.py',
    '../protocols/cityscapes_windows_diverse.py', '../default_runtime.py'
]
model = dict(
    students=dict(mit=_base_.mit, dct=_base_.dct),
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
