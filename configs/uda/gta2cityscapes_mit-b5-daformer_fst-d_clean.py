# FST-D without the traces of its release: the present is restored whole, time
# is counted in iterations, and each image is augmented by its own
# random numbers.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/mit-b5_daformer.py',
    '../_base_/methods/daformer.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
custom_hooks = [dict(type='FSTHook', depth=3, restore='all')]
