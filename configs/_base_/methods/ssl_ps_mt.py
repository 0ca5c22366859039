# PS-MT (Liu et al., CVPR 2022): two teachers that move in turns label
# together, their confidence weights the loss, and features of the student are
# perturbed against them. A cell sets `turn_iters`, an epoch, and `ramp_iters`.
model = dict(
    type='PSMT',
    # As in its release.
    pseudo_labeler=dict(type='ConfidenceWeight', threshold=0.6),
    mixer=dict(type='BetaCutMix', alpha=4),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.5,
        hue=0.25,
        gray_prob=0.2,
        blur_prob=0.5,
        blur_sigma=(0.1, 2.0),
        # int(4.95 u), u uniform in [0, 1), made odd.
        blur_widths=(1, 1, 3, 3, 5),
        random_order=True),
    # Also as in the release, but for its xi, see VirtualAdversarial.
    perturbation=dict(type='VirtualAdversarial', eps=2.0),
    # Of the blended lists of Pascal VOC. Of the original ones it is 0.6, but
    # 0.06 for 92 labels, and of Cityscapes 3.
    loss_weights=dict(labeled=1.0, mixed=1.5),
    # Teachers label with the statistics of the batch.
    teacher_mode='train')
custom_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.996,
        buffers='average',
        when='after')
]
