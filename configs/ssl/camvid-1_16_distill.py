# A small network to deploy learns from camvid-1_16_supervised.py: a sixteenth
# of CamVid with labels. An ensemble is a longer list of `teachers`.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv3-small_segformer-ssl.py',
    '../_base_/methods/distill.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
model = dict(teachers=['work_dirs/ssl/camvid-1_16_supervised/{run}'])
# All of it starts from scratch, the encoder too: one learning rate.
optim_wrapper = dict(
    optimizer=dict(lr=3e-3),
    paramwise_cfg=dict(custom_keys=dict(decode_head=dict(lr_mult=1.))))
