# 2-cps on Pascal VOC, ResNet-50 and MiT-B2, crops of 513.
_base_ = [
    '../_base_/datasets/voc2012_513x513_diverse.py',
    '../_base_/students/voc_r50-b2.py',
    '../_base_/methods/co_training.py',
    '../_base_/schedules/sgd_voc_diverse.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(students=dict(mit=_base_.mit, dct=_base_.dct))
epochs = dict(processes=8)
