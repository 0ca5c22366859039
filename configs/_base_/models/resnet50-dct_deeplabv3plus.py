# ResNet-50 on maps of DCT coefficients and DeepLabV3+: a student of Diverse
# Co-training on Pascal. Its RGB ones are resnet50-deep_deeplabv3plus-unimatch
# and mit-b2_segformer. The statistics belong to the authors' weights: with
# others, compute statistics of your images with tools/dct_stats.py.
_base_ = [
    './resnet50-deep_deeplabv3plus-unimatch.py', '../dct_statistics/dctnet.py'
]
segmentor = dict(
    backbone=dict(
        _delete_=True,
        type='DCTInput',
        mean=_base_.dct_mean,
        std=_base_.dct_std,
        backbone=dict(
            type='DCTResNet',
            depth=50,
            strides=(1, 2, 2, 1),  # of the map, which is at stride 4
            dilations=(1, 1, 1, 2),
            contract_dilation=True,
            norm_cfg=dict(type='BN', requires_grad=True),
            init_cfg=dict(
                type='DCTPretrained',
                checkpoint='checkpoints/resnet50_dct.pth',
                fallback='checkpoints/resnet50_v1c.pth'))))
