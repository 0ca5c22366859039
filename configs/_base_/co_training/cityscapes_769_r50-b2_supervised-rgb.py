# Labels alone, ResNet-50 for RGB images; twice the batch, as released.
_base_ = [
    '../datasets/cityscapes_ssl_769x769_diverse.py',
    '../students/cityscapes_r50-b2.py',
    '../methods/labels_only.py', '../schedules/sgd_cityscapes_diverse.py',
    '../protocols/cityscapes_windows_diverse.py', '../default_runtime.py'
]
model = dict(
    segmentor=_base_.rgb,
    data_preprocessor=_base_.data_preprocessor,
    protocol=_base_.protocol)
train_dataloader = dict(
    batch_size=4, dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
epochs = dict(batch_size=2, validate=10)
