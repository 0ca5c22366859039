# Cityscapes as VFM-UDA scores it: windows as large as its crops, overlapping
# by half.
protocol = dict(
    type='SlidingWindows',
    crop_size=1024,
    stride=512,
    last='shift',
    merge='softmax')
