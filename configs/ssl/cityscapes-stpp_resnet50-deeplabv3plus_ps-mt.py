# PS-MT, without its warm-up on labels: Cityscapes, UniMatch's lists, ResNet-50
# and DeepLabV3+, crops of 800 and OHEM as for its comparison with CPS. Its
# code builds OHEM and computes the mean of all pixels. The release predicts
# with one teacher, here both predict.
_base_ = [
    '../_base_/datasets/cityscapes_ssl_800x800_ps-mt.py',
    '../_base_/models/resnet50-deep_deeplabv3plus-ps-mt.py',
    '../_base_/methods/ssl_ps_mt_released.py',
    '../_base_/schedules/sgd_cityscapes_ps-mt.py',
    '../_base_/protocols/cityscapes_windows_cps.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(
    decode_head=dict(
        num_classes=19,
        sampler=dict(type='OHEMPixelSampler', thresh=0.7, min_kept=50000)))
model = dict(
    turn_iters='1 epoch',
    ramp_iters='12 epochs',
    mixer=dict(_delete_=True, type='MultiBoxCutMix'),
    loss_weights=dict(mixed=3.0))
