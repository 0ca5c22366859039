# DAFormer's method with the random choices of its release, which FST's shares:
# classes to paste are sampled from the whole batch, and the batch shares
# whether it is jittered and whether it is blurred; a single auxiliary head
# weighs no pixels. For the cells of the published tables. The color operations
# follow kornia 0.7; DAFormer pins 0.5.8, whose brightness adds and whose
# contrast does not turn around the mean gray.
_base_ = './daformer.py'
model = dict(
    mixed_auxiliary='plain',
    mixer=dict(per_image=False),
    photometric=dict(per_image=False, random_order=True))
