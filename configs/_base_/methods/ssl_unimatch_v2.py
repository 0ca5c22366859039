# UniMatch V2 (Yang et al. 2024): a mean teacher labels the weak view, two
# strong views see complementary channels of the features.
_base_ = './ssl_fixmatch.py'
model = dict(
    label_with='teacher',
    num_views=2,
    view_perturbation=dict(type='ComplementaryDropout'),
    teacher_mode='eval')
custom_hooks = [
    dict(type='MeanTeacherHook', decay=0.996, buffers='copy', when='after')
]
