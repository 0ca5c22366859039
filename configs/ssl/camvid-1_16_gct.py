# GCT: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py and, in ../co_training,
# camvid-1_16_supervised-second.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/students/camvid-1_16.py',
    '../_base_/methods/ssl_gct.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
model = dict(
    ramp_iters=45,  # as 3 epochs of 20 in the release
    # A quarter of the width of the release: with 64 channels an iteration
    # takes 4 times as long, most of it in the detector.
    flaw_detector=dict(channels=16),
    students=dict(
        first=_base_.rgb,
        second=_base_.second))
optim_wrapper = dict(
    constructor='PerStudentConstructor',
    students=dict(flaw_detector=_base_.detector_optimizer))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
