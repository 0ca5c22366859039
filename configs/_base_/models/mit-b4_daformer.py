# DAFormer with the smaller MiT-B4.
_base_ = './mit-b5_daformer.py'
segmentor = dict(
    backbone=dict(
        num_layers=[3, 8, 27, 3],
        init_cfg=dict(checkpoint='checkpoints/mit_b4.pth')))
