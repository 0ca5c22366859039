# The same on Cityscapes, where hard pixels alone count, at least 50000 of each
# image.
_base_ = './voc_cps-r101.py'
network = dict(
    decode_head=dict(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=50000)))
