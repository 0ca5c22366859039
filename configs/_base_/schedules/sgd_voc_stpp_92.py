# ST++ on Pascal VOC: 80 epochs in each stage, in batches of 16. An epoch is,
# in the first one, all labels, twice where they are less than 200; in the
# others all images with pseudo-labels, 5245 and 10490, and the labels repeated
# until they are as many. The rates are those of U2PL and FST.
_base_ = './sgd_voc_ssl_662.py'
epoch = 1316
max_iters = 80 * epoch
train_cfg = dict(max_iters=max_iters, val_interval=epoch)
param_scheduler = _base_.param_scheduler
param_scheduler[0]['end'] = max_iters + 1
default_hooks = dict(
    checkpoint=dict(interval=epoch, save_best='student/mIoU'))
first_stage = dict(
    # The others have 8 labeled images and 8 with pseudo-labels.
    train_dataloader=dict(batch_size=16),
    train_cfg=dict(max_iters=80 * 11, val_interval=11),
    param_scheduler={'0': dict(end=80 * 11 + 1)})
second_stage = dict(
    train_cfg=dict(max_iters=80 * 661, val_interval=661),
    param_scheduler={'0': dict(end=80 * 661 + 1)},
    default_hooks=dict(checkpoint=dict(interval=661)))
