# 3-cps: a ResNet-50 for RGB images, too.
_base_ = './cityscapes-stpp_769_r50-b2_2-cps.py'
model = dict(students=dict(rgb=_base_.rgb))
