# UniMatch V2 (Yang et al. 2024): a mean teacher labels the weak view, two
# strong views see complementary channels of the features.
_base_ = './ssl_fixmatch.py'
model = dict(
    type='UniMatchV2',
    perturbation=dict(type='ComplementaryDropout'),
    teacher_mode='eval')
custom_hooks = [
    dict(type='MeanTeacherHook', decay=0.996, buffers='copy', when='after')
]
