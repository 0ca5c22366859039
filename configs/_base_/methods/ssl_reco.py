# ReCo (Liu et al., ICLR 2022): a mean teacher with ClassMix among unlabeled
# images, and a contrast between the regions of a batch. The numbers of the
# release (train_semisup.py); its color jitter is a quarter, its blur that of
# DACS, of labeled and of mixed images.
model = dict(
    type='ReCo',
    pseudo_labeler=dict(type='ConfidenceWeight'),
    mixer=dict(type='UnlabeledClassMix'),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.25,
        blur_prob=0.5,
        blur_sigma=(0.15, 1.15),
        random_order=True),
    contrast=dict(type='RegionContrast'))
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99, when='after')]
