# MIC on HRDA with the numbers of its release (experiment 80 of its
# experiments.py).
_base_ = './mic_released.py'
model = dict(
    pseudo_labeler=dict(ignore_top=0, ignore_bottom=0),
    # A sixteenth of the side of the crop.
    mask=dict(block_size=64))
