# AllSpark (Wang et al., CVPR 2024): features of labeled images are computed
# from channels of unlabeled ones, no strong view of these. The numbers of the
# release; it augments labeled images, compares channels with logits, and
# begins with its memory after 5 of 80, or 15 of 240, epochs. The network has
# an AllSparkNeck. No teacher, so FST does not apply.
model = dict(
    type='AllSpark',
    group_by='logits',
    label_by='batch',
    memory_from=0.0625,
    pseudo_labeler=dict(type='Threshold', threshold=0.),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.5,
        hue=0.25,
        gray_prob=0.2,
        blur_prob=0.5,
        blur_sigma=(0.1, 2.0),
        random_order=True),
    loss_weights=dict(labeled=0.5, unlabeled=0.5))
