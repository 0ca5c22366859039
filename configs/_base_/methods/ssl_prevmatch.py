# PrevMatch (Shin et al., arXiv 2405.20610): UniMatch, and labels of random
# ensembles of earlier students. The numbers of the release on Pascal VOC; the
# losses are divided by 2 + r.
_base_ = './ssl_unimatch.py'
model = dict(
    type='PrevMatch',
    capacity=8,
    most=3,
    previous_labeler=dict(type='Threshold', threshold=0.9),
    loss_weights=dict(
        labeled=1.0,
        mixed=0.5,
        perturbed=0.5,
        mixed_previous=0.5,
        perturbed_previous=0.5))
# The student is copied when it has never scored higher.
custom_hooks = [dict(type='PreviousStudentsHook')]
