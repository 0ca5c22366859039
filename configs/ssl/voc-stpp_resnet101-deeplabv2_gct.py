# GCT: Pascal VOC, ST++'s blended lists,
# two ResNet-101 with DeepLabV2.
_base_ = [
    '../_base_/datasets/voc2012_321x321_gct.py',
    '../_base_/models/resnet101-plain_deeplabv2-gct.py',
    '../_base_/methods/ssl_gct.py',
    '../_base_/schedules/sgd_voc_gct.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
model = dict(
    ramp_iters='3 epochs',
    # The release scores each network by itself.
    predict_with='left',
    students=dict(left=_base_.segmentor, right=_base_.segmentor),
    flaw_detector=dict(match_release=True))
# 1e-4 on each of 4 GPUs.
optim_wrapper = dict(
    constructor='PerStudentConstructor',
    students=dict(
        flaw_detector=dict(
            optimizer=dict(_base_.detector_optimizer.optimizer, lr=4e-4))))
