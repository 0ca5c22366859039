# DINOv2 ViT-S/14 and DPT of UniMatch V2 on Pascal VOC; the loss is a mean
# over the pixels that have a label. Position embeddings as in its release.
_base_ = './dinov2-s_dpt.py'
segmentor = dict(
    backbone=dict(positions='dinov2'),
    decode_head=dict(
        num_classes=21, loss_decode=dict(avg_non_ignore=True)))
