# DSBN: a sixteenth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_dsbn.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
