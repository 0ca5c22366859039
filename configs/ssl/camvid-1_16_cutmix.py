# Mean teacher with CutMix: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_cutmix_mean_teacher.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
