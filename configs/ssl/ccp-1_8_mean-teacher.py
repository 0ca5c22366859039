# Mean teacher: an eighth of Clothing Co-Parsing.
_base_ = [
    '../_base_/datasets/ccp_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_mean_teacher.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor)
model['segmentor']['decode_head']['num_classes'] = 12
