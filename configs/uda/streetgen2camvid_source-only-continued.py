# The baseline of the adapted models: as many iterations, no target.
_base_ = './streetgen2camvid_mean-teacher.py'
model = dict(_delete_=True, type='Supervised')
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
custom_hooks = []
