# VFM-UDA (Englert et al., CVPR Workshops 2024) as released: MIC with tokens
# that are masked instead of blocks, and no feature distance. Numbers of
# uda_vit_vanilla.yaml and uda_vit_generic.py. (There each process weighs its
# pseudo-labels by its own share of confident pixels, and in single precision
# a label is the class of the largest mean probability, as here.)
_base_ = './mic.py'
model = dict(
    type='VFMUDA',
    # Each of the 80 x 80 patches of a crop of 1024 x 1024.
    mask=dict(_delete_=True, type='TokenMask', block_size=12.8, ratio=0.7),
    # Classes to paste are sampled from the whole batch, as in DACS's release.
    mixer=dict(per_image=False),
    photometric=dict(random_order=True),
    # Brightness by 32 of 255 and hue by 18 of 360 degrees, the numbers of
    # SSD; nine of ten images.
    weak=dict(
        type='StrongPhotometric',
        jitter_prob=0.9,
        jitter_strength=0.5,
        brightness=32 / 255,
        hue=18 / 360,
        blur_prob=0.,
        random_order=True))
