# CPS on Cityscapes, two networks with ResNet-50, crops of 800.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_800x800_cps.py',
    '../_base_/students/cityscapes_cps-r50.py',
    '../_base_/methods/cps.py',
    '../_base_/schedules/sgd_cityscapes_cps.py',
    '../_base_/protocols/cityscapes_windows_cps.py',
    '../_base_/default_runtime.py'
]
model = dict(
    students=dict(first=_base_.network, second=_base_.network),
    loss_weights=dict(cross=6.0))
