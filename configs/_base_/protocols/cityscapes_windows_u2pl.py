# Cityscapes as eval.py of U2PL and FST scores it: the stride is
# ceil(769 * 2 / 3), one more than in Diverse Co-training. Scores during
# their training were of a crop of 769 around the center, and lower.
protocol = dict(
    type='SlidingWindows',
    crop_size=769,
    stride=513,
    last='shift',
    merge='logits')
