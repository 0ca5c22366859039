# CTT, two networks of one architecture: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py and
# ../co_training/camvid-1_16_supervised-second.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/students/camvid-1_16.py',
    '../_base_/methods/ssl_ctt.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# After 300 iterations few pixels of rare classes are as sure as on Pascal VOC
# after 160000; the contrasts begin when the banks of all classes are full.
model = dict(
    students=dict(first=_base_.rgb, second=_base_.second),
    contrast=dict(capacity=64, per_step=16, min_score=0.5))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
