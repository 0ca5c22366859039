# CCT as released, with the network that CPS compares it with:
# Pascal VOC, ST++'s lists, ResNet-101 and DeepLabV3+.
_base_ = [
    '../_base_/datasets/voc2012_320x320.py',
    '../_base_/models/resnet101-deep_deeplabv3plus-ps-mt.py',
    '../_base_/methods/ssl_cct_released.py',
    '../_base_/schedules/sgd_voc_unimatch.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
epochs = dict(processes=1, lag=0)
sync_bn = None
model = dict(ramp_iters='8 epochs')  # a tenth of the training
