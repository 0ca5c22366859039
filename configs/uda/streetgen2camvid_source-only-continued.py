# The baseline of the adapted models: as many iterations, no target.
_base_ = './streetgen2camvid_mean-teacher.py'
model = dict(
    type='Supervised', pseudo_labeler=None, mixer=None, photometric=None)
train_dataloader = dict(dataset=dict(unlabeled=None))
custom_hooks = []
