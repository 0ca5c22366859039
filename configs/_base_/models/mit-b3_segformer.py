# MiT-B3 and SegFormer's head of width 256: an encoder-decoder of Diverse
# Co-training.
_base_ = './mit-b2_segformer.py'
segmentor = dict(
    backbone=dict(
        num_layers=[3, 4, 18, 3],
        init_cfg=dict(checkpoint='checkpoints/mit_b3.pth')))
