# AllSpark: Pascal VOC, ST++'s lists,
# MiT-B5 and SegFormer. Neck and head learn ten times as fast as the encoder.
_base_ = [
    '../_base_/datasets/voc2012_513x513_diverse.py',
    '../_base_/models/mit-b5_segformer-allspark.py',
    '../_base_/methods/ssl_allspark.py',
    '../_base_/schedules/sgd_voc_unimatch.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(neck=dict(lr_mult=10.0))))
