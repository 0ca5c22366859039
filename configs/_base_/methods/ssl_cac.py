# CAC (Lai et al., CVPR 2021): two overlapping crops of an unlabeled image. The
# numbers of the release for Pascal VOC; it blurs by a kernel of 5 pixels,
# which is a standard deviation of 1.1, before it changes the colors. The cell
# gives the unlabeled images `overlapping_crops`.
model = dict(
    type='CAC',
    projection=dict(type='PixelProjection', channels=128, normalize=True),
    contrast=dict(type='DirectionalContrast'),
    photometric=dict(
        type='StrongPhotometric',
        jitter_prob=0.8,
        jitter_strength=0.4,
        hue=0.1,
        gray_prob=0.2,
        blur_prob=0.5,
        blur_sigma=(1.1, 1.1),
        random_order=True))
overlapping_crops = dict(type='OverlappingCrops', iou=(0.1, 1.))
pack_crops = dict(
    type='PackByteInputs',
    meta_keys=('img_path', 'ori_shape', 'img_shape', 'overlaps', 'flips'))
