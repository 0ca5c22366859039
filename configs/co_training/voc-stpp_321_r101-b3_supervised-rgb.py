# Labels alone, ResNet-101 for RGB images; twice the batch, as released.
_base_ = [
    '../_base_/datasets/voc2012_321x321_diverse.py',
    '../_base_/students/voc_r101-b3.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/sgd_voc_diverse.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(segmentor=_base_.rgb)
train_dataloader = dict(
    batch_size=8, dataset=dict(sides=dict(unlabeled=None), disjoint=False))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
epochs = dict(images='labeled', lag=0, validate=10)
