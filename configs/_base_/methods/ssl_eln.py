# ELN (Kwon and Kwak, CVPR 2022): a network that localizes errors filters the
# teacher's labels. Numbers of the release. Cells give `localizer.network`, the
# length of the localizer's phase, `warmup_iters`, and the hooks, of which
# StudentResetHook is taken from the release (train.py), too.
model = dict(
    type='ELN',
    localizer=dict(type='ErrorLocalizer'),
    contrast=dict(
        type='CropContrast', num_crops=8, crop_size=32, temperature=0.5),
    factors=(20.0, 50.0),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=1.0,
        jitter_strength=0.4,
        hue=0.1,
        gray_prob=0.2,
        blur_prob=0.0,
        random_order=True))
