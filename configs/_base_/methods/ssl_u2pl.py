# U2PL (Wang et al., CVPR 2022): CutMix mean teacher that drops ever fewer
# pixels, and a contrast of reliable pixels with unreliable ones. The rule is
# the one of the paper. Its memory is part of the checkpoint: with 256
# channels and 21 classes up to 650000 pixels, 0.7 GB; see `capacity`.
_base_ = './ssl_cutmix_mean_teacher.py'
model = dict(
    type='U2PL',
    pseudo_filter=dict(percentile=80, final=100),
    contrast=dict(type='ContrastiveMemory'))
