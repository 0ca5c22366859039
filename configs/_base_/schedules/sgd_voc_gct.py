# GCT on Pascal VOC: 20 epochs of the unlabeled images in batches of 8 + 8; the
# release has 30 for 1/4 of the labels. Its rates are multiplied by its 4 GPUs.
_base_ = './sgd_voc_ssl.py'
epochs = dict(count=20)
optim_wrapper = dict(optimizer=dict(lr=0.001, weight_decay=5e-4))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
