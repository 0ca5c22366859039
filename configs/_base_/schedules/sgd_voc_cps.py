# CPS on Pascal VOC: about 39700 iterations of 8 + 8 images on 4 GPUs for all
# lists, one learning rate, no decay of norms and biases. Its program has the
# learning rate 0.01 and a decay of 1e-4, and divides the gradient by 4, the
# number of GPUs, after their mean: the same as the numbers below. As released,
# batch normalization uses the images of all processes.
_base_ = './sgd_voc_ssl.py'
sync_bn = 'torch'
epochs = dict(
    _delete_=True,
    count={'662': 32, '1323': 34, '2646': 40},
    processes=4)
optim_wrapper = dict(
    optimizer=dict(lr=0.0025, weight_decay=4e-4),
    paramwise_cfg=dict(
        _delete_=True, norm_decay_mult=0.0, bias_decay_mult=0.0))
default_hooks = dict(checkpoint=dict(save_best='first/mIoU'))
