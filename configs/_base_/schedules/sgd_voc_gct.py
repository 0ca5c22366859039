# GCT on Pascal VOC: 20 epochs of the unlabeled images in batches of 8 + 8, or
# 30 for 1/4 of the labels. In the release each learning rate is multiplied by
# the number of GPUs, 4, as it is here, and batch normalization uses the images
# of all of them.
_base_ = './sgd_voc_ssl.py'
epochs = dict(count={'_delete_': True, '662': 20, '1323': 20, '2646': 30})
sync_bn = 'torch'
optim_wrapper = dict(optimizer=dict(lr=0.001, weight_decay=5e-4))
default_hooks = dict(checkpoint=dict(save_best='left/mIoU'))
