# PrevMatch: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_prevmatch.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# A few validations are too few: a copy every 30 iterations.
custom_hooks = [dict(type='PreviousStudentsHook', interval=30)]
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
