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
    cut_out=dict(type='NoiseCutOut'))
# The checkpoint of the release, 'best', is chosen by labels of the validation
# images, labels at five sizes, and does not label the reliable images again:
# see ssl_stpp_released.py.
stages = dict(checkpoints=3, reliable=0.5, label_by='last')
