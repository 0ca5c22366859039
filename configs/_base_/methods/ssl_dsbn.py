# DSBN (Yuan et al., ICCV 2021): labels alone; then with pseudo-labels of all
# unlabeled images, strongly augmented and normalized by separate layers; then
# with labels of the second network. run_experiments.py trains all stages.
model = dict(
    type='DSBN',
    mixer=dict(type='NoMix'),
    # 3 distortions at step 20 of 40, as in the config of the release.
    photometric=dict(type='RandAugment', count=3, magnitude=20 / 39),
    correction=dict(type='SelfCorrectionLoss', certain=0.8))
# All images are used, so that none is ranked. The release starts the student
# from the best weights of the first stage, here from the last ones.
stages = dict(
    checkpoints=2, reliable=1.0, label_by='last', start_from='labeler')
