# CCT (Ouali et al., CVPR 2020): 30 auxiliary decoders imitate the main one on
# perturbed features. No teacher, so FST does not apply; `label_with='teacher'`
# has the moving average of the student in its place.
model = dict(
    type='CCT',
    # Numbers of decoders, and their perturbations, as in its release.
    perturbations=[
        # Also as in the paper; with the xi of the release the noise is close
        # to zero, see VirtualAdversarial.
        (2, dict(type='VirtualAdversarial', eps=2.0)),
        (6, dict(type='ChannelDropout', prob=0.5)),
        (6, dict(type='GuidedCutout', erase=0.4)),
        (2, dict(type='ContextMask')),
        (2, dict(type='ObjectMask')),
        (6, dict(type='AttentionDropout', share=(0.7, 0.9))),
        (6, dict(type='FeatureNoise', magnitude=0.3))
    ],
    loss_weights=dict(labeled=1.0, unlabeled=30.0))
