# Cityscapes as Diverse Co-training scores it: as UniMatch, with its training
# crop of 769 and the stride int(769 * 2 / 3).
protocol = dict(
    type='SlidingWindows',
    crop_size=769,
    stride=512,
    last='truncate',
    merge='softmax')
