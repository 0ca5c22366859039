# 3-cps: a ResNet-101 for RGB images, too.
_base_ = './voc-stpp_321_r101-b3_2-cps.py'
model = dict(
    # It differs from CoTraining at thresholds above 0 alone.
    type='ReleasedCoTraining',
    students=dict(rgb=_base_.rgb),
    selected_by_id=dict(rgb='dct'))
