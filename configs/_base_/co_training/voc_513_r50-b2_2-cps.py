# 2-cps on Pascal VOC, ResNet-50 and MiT-B2, crops of 513.
_base_ = [
    '../datasets/voc2012_513x513_diverse.py',
    '../students/voc_r50-b2.py',
    '../methods/co_training.py', '../schedules/sgd_voc_diverse.py',
    '../protocols/voc_native.py', '../default_runtime.py'
]
model = dict(
    students=dict(mit=_base_.mit, dct=_base_.dct),
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
epochs = dict(processes=8)
