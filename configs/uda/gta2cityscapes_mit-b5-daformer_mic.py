# MIC on DAFormer: GTA -> Cityscapes, MiT-B5 with the DAFormer head. The
# published 75.9 is MIC on HRDA, at twice the resolution.
_base_ = [
    '../_base_/datasets/gta_to_cityscapes_512x512.py',
    '../_base_/models/mit-b5_daformer.py',
    '../_base_/methods/mic_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
