# DAFormer's method with the draws of its release, which FST's shares: classes
# to paste are those of the whole batch, and the batch draws once whether it is
# jittered and whether it is blurred. For the cells of the published tables.
_base_ = './daformer.py'
model = dict(
    mixer=dict(per_image=False),
    photometric=dict(per_image=False, random_order=True))
