# ReCo: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_reco.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
# SegFormer's head does not represent pixels. The crops have 48 x 64
# pixels at stride 4: fewer pairs than for an image of 321 x 321.
model = dict(
    projection=dict(type='PixelProjection', channels=64),
    contrast=dict(num_queries=64, num_negatives=128))
