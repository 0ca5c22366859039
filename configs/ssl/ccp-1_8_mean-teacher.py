# Mean teacher: an eighth of Clothing Co-Parsing.
# Starts from ccp-1_8_supervised.py.
_base_ = [
    '../_base_/datasets/ccp_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_mean_teacher.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=12))
load_from = 'work_dirs/ssl/ccp-1_8_supervised/{run}/iter_900.pth'
