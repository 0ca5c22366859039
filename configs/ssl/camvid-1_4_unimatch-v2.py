# UniMatch V2: a quarter of CamVid.
# Starts from camvid-1_4_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl_1_4.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_unimatch_v2.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/ssl/camvid-1_4_supervised/{run}/iter_900.pth'
