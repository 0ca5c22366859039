# UniMatch (Yang et al., CVPR 2023): two strong views, and one more loss on
# perturbed features of the weak one.
_base_ = './ssl_fixmatch.py'
model = dict(
    type='UniMatch',
    perturbation=dict(type='ChannelDropout', prob=0.5),
    perturbed_images='all',
    mean_over='view',
    loss_weights=dict(labeled=0.5, mixed=0.25, perturbed=0.25))
