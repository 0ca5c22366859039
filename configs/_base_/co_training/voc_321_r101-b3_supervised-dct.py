# Labels alone, ResNet-101 for DCT coefficients; twice the batch, as released.
_base_ = [
    '../datasets/voc2012_321x321_diverse.py',
    '../students/voc_r101-b3.py',
    '../methods/labels_only.py', '../schedules/sgd_voc_diverse.py',
    '../protocols/voc_native.py', '../default_runtime.py'
]
model = dict(
    segmentor=_base_.dct,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
train_dataloader = dict(
    batch_size=8, dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
epochs = dict(validate=10)
