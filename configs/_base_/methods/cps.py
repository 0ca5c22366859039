# CPS (Chen et al., CVPR 2021) as in its release: the peer labels all images,
# and losses of both networks are summed. The first one predicts. On Cityscapes
# the weight is 6. See co_training.py for our own rule.
model = dict(
    type='CPS',
    pseudo_labeler=dict(type='Threshold', threshold=0.),
    loss_weights=dict(cross=1.5))
