# The upper bound: trained on the labels of the camera domain.
_base_ = './streets_source-only.py'
train_dataloader = dict(
    dataset=dict(sides=dict(labeled=dict(data_root=_base_.target_root))))
