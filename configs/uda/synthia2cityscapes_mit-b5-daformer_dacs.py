# DACS: SYNTHIA -> Cityscapes,
# MiT-B5 with the DAFormer head.
_base_ = [
    '../_base_/datasets/synthia_to_cityscapes_512x512.py',
    '../_base_/models/mit-b5_daformer.py',
    '../_base_/methods/dacs_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(rare_class_sampling=None))
default_hooks = dict(checkpoint=dict(save_best='student/mIoU16'))
