# UniMatch V2 (Yang et al. 2024): a mean teacher labels the weak view, two
# strong views see complementary channels of the features.
model = dict(
    type='UniMatchV2',
    perturbation=dict(type='ComplementaryDropout'),
    mean_over='view',
    teacher_mode='eval',
    pseudo_labeler=dict(type='Threshold', threshold=0.95),
    mixer=dict(type='CutMix', prob=0.5, source='flip'),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.5,
        hue=0.25,
        gray_prob=0.2,
        blur_prob=0.5,
        blur_sigma=(0.1, 2.0),
        random_order=True),
    loss_weights=dict(labeled=0.5, mixed=0.5))
custom_hooks = [
    dict(type='MeanTeacherHook', decay=0.996, buffers='copy', when='after')
]
