# MiT-B2 and SegFormer's head of width 256: an encoder-decoder of Diverse
# Co-training.
_base_ = './mit-b5_segformer.py'
segmentor = dict(
    backbone=dict(
        num_layers=[3, 4, 6, 3],
        init_cfg=dict(checkpoint='checkpoints/mit_b2.pth')),
    decode_head=dict(
        channels=256,
        num_classes=21,
        align_corners=True,
        loss_decode=dict(avg_non_ignore=True)))
