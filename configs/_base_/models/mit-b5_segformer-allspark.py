# MiT-B5, the bottleneck of AllSpark for crops of 513, and SegFormer's head as
# in its paper.
_base_ = './mit-b5_segformer.py'
segmentor = dict(
    neck=dict(
        type='AllSparkNeck', in_channels=512, num_classes=21, size=(17, 17)),
    decode_head=dict(
        type='LinearSegFormerHead',
        num_classes=21,
        loss_decode=dict(avg_non_ignore=True)))
