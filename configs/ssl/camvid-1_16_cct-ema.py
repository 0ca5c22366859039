# CCT with a moving average that labels: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_cct_ema.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
model = dict(ramp_iters=30)  # a tenth of the training, as in the paper
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
