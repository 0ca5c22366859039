# The CPU-sized network, its loss a mean over the pixels that have a label.
_base_ = './mobilenetv2_segformer.py'
segmentor = dict(
    decode_head=dict(loss_decode=dict(avg_non_ignore=True)))
