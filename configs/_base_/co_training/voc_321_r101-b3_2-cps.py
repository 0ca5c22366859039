# 2-cps on Pascal VOC, ResNet-101 and MiT-B3, crops of 321.
_base_ = [
    '../datasets/voc2012_321x321_diverse.py',
    '../students/voc_r101-b3.py',
    '../methods/co_training.py', '../schedules/sgd_voc_diverse.py',
    '../protocols/voc_native.py', '../default_runtime.py'
]
model = dict(
    students=dict(mit=_base_.mit, dct=_base_.dct),
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
