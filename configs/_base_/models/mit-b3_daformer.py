# DAFormer with the smaller MiT-B3.
_base_ = './mit-b5_daformer.py'
segmentor = dict(
    backbone=dict(
        num_layers=[3, 4, 18, 3],
        init_cfg=dict(checkpoint='checkpoints/mit_b3.pth')))
