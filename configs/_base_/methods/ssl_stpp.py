# ST++ (Yang et al., CVPR 2022): labels alone; then with pseudo-labels of the
# half of the images whose predictions changed least; then of all images,
# labeled anew. run_experiments.py trains one stage after the other.
model = dict(
    type='STPlusPlus',
    mixer=dict(type='NoMix'),
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
stages = dict(
    checkpoints=3,
    reliable=0.5,
    # 'best' in the release; that chooses by labels of the validation images.
    label_by='last',
    transforms=[
        dict(
            type='RandomCutOut',
            prob=0.5,
            n_holes=1,
            cutout_ratio=[(0.15, 0.15), (0.3, 0.3), (0.3, 0.6), (0.6, 0.3),
                          (0.6, 0.6)],
            seg_fill_in=255)
    ])
