# Cityscapes as UniMatch scores it: windows as large as its training crop,
# the stride int(801 * 2 / 3), the last ones truncated at the border.
protocol = dict(
    type='SlidingWindows',
    crop_size=801,
    stride=534,
    last='truncate',
    merge='softmax')
