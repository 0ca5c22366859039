# Cityscapes as eval.py of U2PL and FST scores it: the stride is
# ceil(769 * 2 / 3), one more than that of Diverse Co-training. Scores during
# their training were computed on a center crop of 769, and lower.
protocol = dict(
    type='SlidingWindows',
    crop_size=769,
    stride=513,
    last='shift',
    merge='logits')
