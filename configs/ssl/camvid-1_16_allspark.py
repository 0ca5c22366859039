# AllSpark: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_allspark.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# The bottleneck is new to the network that was trained on labels.
segmentor = dict(
    neck=dict(
        type='AllSparkNeck', in_channels=320, num_classes=11, size=(6, 8)))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(neck=dict(lr_mult=10.0))))
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
