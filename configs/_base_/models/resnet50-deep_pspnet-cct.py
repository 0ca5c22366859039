# ResNet-50 and PSPNet of CCT: maps at stride 8, no multi-grid.
_base_ = './resnet50-deep_pspnet-u2pl.py'
segmentor = dict(backbone=dict(multi_grid=None))
