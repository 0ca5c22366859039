# Diverse Co-training (Li et al., ICCV 2023), and CPS (Chen et al., CVPR 2021)
# if its students are of one kind: every student learns from the labels of all
# others, which see the weak view. No threshold, as in all published logs; each
# box comes from another image, where the release leaves some as they are.
model = dict(
    type='CoTraining',
    pseudo_labeler=dict(type='Threshold', threshold=0.),
    mixer=dict(type='CutMix', prob=0.5, source='other', single='warn'),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.5,
        hue=0.25,
        gray_prob=0.2,
        blur_prob=0.5,
        blur_sigma=(0.1, 2.0),
        random_order=True))
