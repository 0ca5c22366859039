# MIC (Hoyer et al., CVPR 2023): the mean teacher, and one more pass of the
# unlabeled images, augmented and masked, with the same pseudo-labels.
_base_ = './mean_teacher.py'
model = dict(
    type='MIC',
    mask=dict(
        type='BlockMask',
        # A sixteenth of the side of the crop: 64 at 1024 x 1024 (HRDA), 32 at
        # 512 x 512 (DAFormer).
        block_size=32,
        # Most of the image, as in the paper.
        ratio=0.7),
    # All three terms weigh the same (mask_lambda=1 of the release).
    loss_weights=dict(labeled=1.0, mixed=1.0, masked=1.0))
