# CTT (Xiao et al., Neurocomputing 2022): two students, each taught by the
# teacher of the other, and two contrasts. The numbers of the release for
# Pascal VOC (configVOC.json): color jitter and blur as in ClassMix, no mixing;
# the contrasts have the weight that its first commits gave them.
model = dict(
    type='CTT',
    pseudo_labeler=dict(type='ConfidentRatio', threshold=0.968),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.25,
        blur_prob=0.5,
        blur_sigma=(0.15, 1.15),
        per_image=False,
        random_order=True),
    contrast=dict(type='CrossBankContrast'),
    loss_weights=dict(high=0.1, low=0.1))
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99, when='after')]
