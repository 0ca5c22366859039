# PS-MT as released, without its warm-up on labels: Pascal VOC, ST++'s lists,
# ResNet-50 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_512x512.py',
    '../_base_/models/resnet50-deep_deeplabv3plus-ps-mt.py',
    '../_base_/methods/ssl_ps_mt_released.py',
    '../_base_/schedules/sgd_voc_ps-mt.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(turn_iters='1 epoch', ramp_iters='12 epochs')
