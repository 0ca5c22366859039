# The first stage of `sh train.sh`: the labels of the rendered domain alone.
_base_ = [
    '../_base_/datasets/streets_256x128_rare-classes.py',
    '../_base_/models/unet8_fcn_dice.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_first_run.py', '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
