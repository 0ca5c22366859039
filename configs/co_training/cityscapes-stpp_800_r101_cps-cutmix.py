# CPS with CutMix on Cityscapes, two networks with ResNet-101, crops of 800.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_800x800_cps.py',
    '../_base_/students/cityscapes_cps-r101.py',
    '../_base_/methods/cps_cutmix.py',
    '../_base_/schedules/sgd_cityscapes_cps.py',
    '../_base_/protocols/cityscapes_windows_cps.py',
    '../_base_/default_runtime.py'
]
model = dict(
    students=dict(first=_base_.network, second=_base_.network),
    loss_weights=dict(cross=5.0))
# The side `partner` has the unlabeled images in another order.
train_dataloader = dict(
    dataset=dict(
        sides=dict(partner=_base_.train_dataloader.dataset.sides.unlabeled),
        disjoint=[('labeled', 'unlabeled')]))
