# DSBN: 20000 iterations in each stage, in batches of 16 + 16 on 8 GPUs, SGD
# without decay, the head ten times as fast as the encoder, poly rule. Batch
# normalization uses the images of all processes. The config of the release is
# for Cityscapes; there is none for Pascal VOC.
_base_ = './sgd_voc_ssl.py'
epochs = None  # the length does not depend on the partition
max_iters = 20000
sync_bn = 'torch'
train_cfg = dict(max_iters=max_iters, val_interval=500)
optim_wrapper = dict(optimizer=dict(lr=0.002, weight_decay=0.0))
param_scheduler = [dict(_base_.poly, end=max_iters + 1)]
default_hooks = dict(checkpoint=dict(interval=500, save_best='student/mIoU'))
