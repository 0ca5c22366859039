# UniMatch V2 on Cityscapes: 180 epochs of 2789 unlabeled images in batches
# of 8 + 8; the rates are those of Pascal VOC.
_base_ = './adamw_voc_unimatch-v2_92.py'
epoch = 349
max_iters = 180 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(checkpoint=dict(interval=epoch))
