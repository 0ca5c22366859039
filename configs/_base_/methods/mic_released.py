# MIC on DAFormer with the random choices of its release, which are DAFormer's:
# the batch shares whether masked images are jittered and whether they are
# blurred, independently of the mixed ones. For the published cells. (There
# the order of the color operations and the blur are shared as well, and
# blocks are masked whose random number is at most the ratio, not below it.)
_base_ = './daformer_released.py'
model = dict(
    type='MIC',
    mask=dict(
        type='BlockMask',
        # The release takes 64 for HRDA's crops of 1024 x 1024, and half of it
        # at half the resolution (experiment 81 of its experiments.py).
        block_size=32,
        ratio=0.7))
