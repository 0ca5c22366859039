# DAFormer's method (Hoyer et al., CVPR 2022) on the clean mean teacher; its
# third part, rare-class sampling, is with the data.
_base_ = './mean_teacher.py'
model = dict(
    pseudo_labeler=dict(
        # Rows of a 512 x 512 crop of Cityscapes at 1024 x 512: sky with
        # rectification artifacts on top, the bonnet of the car below.
        ignore_top=15,
        ignore_bottom=120),
    # Things alone: traffic light and sign, person to bicycle.
    regularizer=dict(
        type='FeatureDistance',
        classes=(6, 7, 11, 12, 13, 14, 15, 16, 17, 18),
        loss_weight=0.005,
        min_ratio=0.75))
