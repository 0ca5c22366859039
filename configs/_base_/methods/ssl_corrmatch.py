# CorrMatch (Sun et al., CVPR 2024): UniMatch with one strong view; labels
# spread along the correlation of positions, above a threshold that follows
# the confidence. The numbers of the release on Pascal VOC; it divides the
# whole loss by two.
_base_ = './ssl_unimatch.py'
model = dict(
    type='CorrMatch',
    pseudo_labeler=dict(_delete_=True, type='ConfidenceWeight'),
    correlation=dict(type='CorrelationHead', channels=256, num_regions=128),
    confidence_threshold=dict(
        type='ConfidenceThreshold', start=0.85, decay=0.999),
    loss_weights=dict(
        labeled=0.25,
        labeled_correlated=0.25,
        mixed=0.125,
        soft=0.125,
        perturbed=0.125,
        weak_correlated=0.0625,
        mixed_correlated=0.0625))
