# 3-cps: a ResNet-50 for RGB images, too.
_base_ = './voc-stpp_321_r50-b2_2-cps.py'
model = dict(
    # It differs from CoTraining at thresholds above 0 alone.
    type='ReleasedCoTraining',
    students=dict(rgb=_base_.rgb),
    selected_by_id=dict(rgb='dct'))
