# Cityscapes as CPS scores it: windows as large as its training crop, the
# stride ceil(800 * 2 / 3), the last ones shifted inside, logits added.
protocol = dict(
    type='SlidingWindows',
    crop_size=800,
    stride=534,
    last='shift',
    merge='logits')
