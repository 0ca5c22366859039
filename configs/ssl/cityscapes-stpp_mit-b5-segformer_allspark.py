# AllSpark: Cityscapes, UniMatch's lists,
# MiT-B5 and SegFormer.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_801x801.py',
    '../_base_/models/mit-b5_segformer-allspark-cityscapes.py',
    '../_base_/methods/ssl_allspark.py',
    '../_base_/schedules/sgd_cityscapes_unimatch.py',
    '../_base_/protocols/cityscapes_windows_unimatch.py',
    '../_base_/default_runtime.py'
]
