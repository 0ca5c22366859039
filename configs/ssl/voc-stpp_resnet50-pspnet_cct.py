# CCT as released: Pascal VOC, ST++'s lists,
# ResNet-50 and PSPNet. CCT has the lists of 1464 labels, too.
_base_ = [
    '../_base_/datasets/voc2012_320x320.py',
    '../_base_/models/resnet50-deep_pspnet-cct.py',
    '../_base_/methods/ssl_cct_released.py',
    '../_base_/schedules/sgd_voc_unimatch.py',
    '../_base_/protocols/voc_native.py',
    '../_base_/default_runtime.py'
]
epochs = dict(processes=1, lag=0)
sync_bn = None
model = dict(ramp_iters='8 epochs')  # a tenth of the training
