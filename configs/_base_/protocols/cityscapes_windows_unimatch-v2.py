# Cityscapes as UniMatch V2 scores it: 798 is a multiple of its patches of 14,
# so the last window is shifted inside and none is truncated.
protocol = dict(
    type='SlidingWindows',
    crop_size=798,
    stride=532,
    last='shift',
    merge='softmax')
