# PS-MT, without its warm-up on labels: Cityscapes, UniMatch's lists,
# ResNet-101 and DeepLabV3+, crops of 720 as for its comparison with CAC. The
# release predicts with one teacher, here both predict.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_720x720_ps-mt.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-ps-mt.py',
    '../_base_/methods/ssl_ps_mt_released.py',
    '../_base_/schedules/sgd_cityscapes_ps-mt.py',
    '../_base_/protocols/cityscapes_windows_cps.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=19))
model = dict(
    turn_iters='1 epoch',
    ramp_iters='12 epochs',
    mixer=dict(_delete_=True, type='MultiBoxCutMix'),
    loss_weights=dict(mixed=3.0))
