# DAFormer with the random choices of its release, as in FST's: classes to
# paste are sampled from the whole batch, jitter and blur are sampled once for
# the batch, and a single auxiliary head weighs no pixels. For the cells of the
# published tables. The color operations follow kornia 0.7; DAFormer pins 0.5.8
# (there brightness is added, and contrast does not turn around the mean gray).
_base_ = './daformer.py'
model = dict(
    mixed_auxiliary='plain',
    mixer=dict(per_image=False),
    photometric=dict(per_image=False, random_order=True))
