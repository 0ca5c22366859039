# ELN: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py, which is the first phase of ELN; the
# second one, of the localizer, is a third of this run.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_eln.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# Not `load_from`: the further networks have other weights.
segmentor = dict(
    init_cfg=dict(
        type='Pretrained',
        prefix='student.',
        checkpoint='work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'))
model = dict(
    warmup_iters=100,
    # The student starts at a loss of 0.2 on labels. 20 times that is more than
    # the ln(11) = 2.4 of decoders that have learned nothing, so that none
    # would learn. With a fifth of the release's factors they learn to losses
    # of about 0.8 and 1.4 in 40 iterations.
    factors=(4.0, 10.0),
    localizer=dict(network=_base_.segmentor))
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(decoders=dict(lr_mult=10.0))))
custom_hooks = [
    dict(type='StudentResetHook', interval=50),
    dict(
        type='MeanTeacherHook', decay=0.995, when='after', copy_iters=100)
]
