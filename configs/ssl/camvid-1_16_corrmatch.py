# CorrMatch: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_corrmatch.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# The correlation head is new to the network that was trained on labels; in the
# release it learns as fast as the decode head.
optim_wrapper = dict(
    paramwise_cfg=dict(custom_keys=dict(correlation_head=dict(lr_mult=10.0))))
# The map at stride 16, of 12 x 16 positions; the last one has 6 x 8.
model = dict(
    correlation=dict(in_index=2, in_channels=96, channels=64))
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
