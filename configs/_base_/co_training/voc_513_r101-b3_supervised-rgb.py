# Labels alone, ResNet-101 for RGB images; twice the batch, as released.
_base_ = [
    '../datasets/voc2012_513x513_diverse.py',
    '../students/voc_r101-b3.py',
    '../methods/labels_only.py', '../schedules/sgd_voc_diverse.py',
    '../protocols/voc_native.py', '../default_runtime.py'
]
model = dict(
    segmentor=_base_.rgb,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
train_dataloader = dict(
    batch_size=4, dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
epochs = dict(processes=8, validate=10)
