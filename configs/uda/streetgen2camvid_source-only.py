# Trained on rendered frames alone. The other runs of this task adapt it.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/labels_only.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
