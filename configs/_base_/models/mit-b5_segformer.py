# MiT-B5 and SegFormer's all-MLP head of width 768, the one of its paper and of
# FST. MMSegmentation's head adds a norm and a ReLU to each of the embeddings.
_base_ = './mit-b5_daformer.py'
norm_cfg = dict(type='BN', requires_grad=True)
segmentor = dict(
    decode_head=dict(
        _delete_=True,
        type='SegformerHead',
        in_channels=[64, 128, 320, 512],
        in_index=[0, 1, 2, 3],
        channels=768,
        dropout_ratio=0.1,
        num_classes=19,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss')))
