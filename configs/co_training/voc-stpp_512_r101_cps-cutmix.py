# CPS with CutMix on Pascal VOC, two networks with ResNet-101, crops of 512.
_base_ = [
    '../_base_/datasets/voc2012_512x512_cps.py',
    '../_base_/students/voc_cps-r101.py',
    '../_base_/methods/cps_cutmix.py',
    '../_base_/schedules/sgd_voc_cps.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(students=dict(first=_base_.network, second=_base_.network))
# The side `partner` has the unlabeled images in another order.
train_dataloader = dict(
    dataset=dict(
        sides=dict(partner=_base_.train_dataloader.dataset.sides.unlabeled),
        disjoint=[('labeled', 'unlabeled')]))
