# FixMatch (Sohn et al. 2020) as a baseline of UniMatch: the student labels
# the weak view and learns on a strong one. No teacher, so FST does not apply.
# As in the release of UniMatch, boxes are cut from a second crop of each
# image, labeled in evaluation mode; paste='batch' and a `source` of the mixer
# cut them from another image, without a second crop (again=dict()).
again = dict(unlabeled_again='unlabeled')
model = dict(
    type='FixMatch',
    paste='again',
    pseudo_labeler=dict(type='Threshold', threshold=0.95),
    mixer=dict(type='CutMix', prob=0.5),
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
