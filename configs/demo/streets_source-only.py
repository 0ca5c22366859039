# The lower bound: trained on the rendered domain alone.
_base_ = [
    '../_base_/datasets/streets_256x128.py',
    '../_base_/models/unet8_fcn.py',
    '../_base_/methods/labels_only.py', '../_base_/schedules/adamw_demo.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
