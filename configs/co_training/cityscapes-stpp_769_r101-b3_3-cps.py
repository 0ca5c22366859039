# 3-cps: a ResNet-101 for RGB images, too.
_base_ = './cityscapes-stpp_769_r101-b3_2-cps.py'
model = dict(students=dict(rgb=_base_.rgb))
