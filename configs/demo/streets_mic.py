# MIC: the mean teacher, and masked camera images.
_base_ = [
    '../_base_/datasets/streets_256x128.py',
    '../_base_/models/unet8_fcn.py',
    '../_base_/methods/mic.py', '../_base_/schedules/adamw_demo.py',
    '../_base_/default_runtime.py'
]
# Blocks are a sixteenth of the width of an image.
model = dict(mask=dict(block_size=16))
# A run of some hundred steps needs a teacher that follows faster than 0.999.
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
