# DAFormer's method: GTA -> Mapillary Vistas,
# MiT-B5 with the DAFormer head.
_base_ = [
    '../_base_/datasets/gta_to_mapillary_512x512.py',
    '../_base_/models/mit-b5_daformer.py',
    '../_base_/methods/daformer_released.py',
    '../_base_/schedules/adamw_40k.py',
    '../_base_/default_runtime.py'
]
