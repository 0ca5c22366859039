# PS-MT: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_ps_mt.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
model = dict(
    turn_iters=30,  # ten turns
    ramp_iters=45)  # as the 12 epochs of 80 in the release
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
