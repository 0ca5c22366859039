# The same on Cityscapes, with the hard pixels alone: at least 200000 of the 2
# labeled images of a process, as in UniMatch V2.
_base_ = './dinov2-b_dpt-unimatch.py'
segmentor = dict(
    decode_head=dict(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=100000)))
