# The same for crops of 801 of Cityscapes, where hard pixels alone count, as in
# UniMatch: at least 200000 of the 2 labeled images of a process.
_base_ = './mit-b5_segformer-allspark.py'
segmentor = dict(
    neck=dict(num_classes=19, size=(26, 26)),
    decode_head=dict(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=100000)))
