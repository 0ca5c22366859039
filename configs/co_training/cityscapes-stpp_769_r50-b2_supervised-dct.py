# Labels alone, ResNet-50 for DCT coefficients; twice the batch, as released.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_769x769_diverse.py',
    '../_base_/students/cityscapes_r50-b2.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/sgd_cityscapes_diverse.py',
    '../_base_/protocols/cityscapes_windows_diverse.py',
    '../_base_/default_runtime.py'
]
model = dict(segmentor=_base_.dct)
train_dataloader = dict(
    batch_size=4, dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
epochs = dict(images='labeled', lag=0, batch_size=2, validate=10)
