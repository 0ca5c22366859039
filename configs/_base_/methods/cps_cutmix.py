# CPS with CutMix as in its release: boxes of a second batch of unlabeled
# images, the side `partner`, and no label of a peer for labeled images. There
# both sides have the same order, see CutMixCPS; here as in the paper another
# one. On Cityscapes the weight is 5.
_base_ = './cps.py'
model = dict(
    type='CutMixCPS',
    mixer=dict(type='MultiBoxMix'),
    loss_weights=dict(cross=1.0))
