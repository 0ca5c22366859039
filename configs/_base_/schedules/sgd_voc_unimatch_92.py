# UniMatch on Pascal VOC: 80 epochs of 10490 unlabeled images in batches of
# 8 + 8; the rates of U2PL and FST. There is no teacher to choose by.
_base_ = './sgd_voc_ssl_662.py'
epoch = 1311
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(
    checkpoint=dict(interval=epoch, save_best='student/mIoU'))
