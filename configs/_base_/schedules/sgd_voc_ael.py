# AEL on Pascal VOC: 80 epochs of the unlabeled images in batches of 16 + 16 on
# 8 GPUs. Its release divides losses by the number of GPUs before they are
# averaged: a learning rate of 0.01 and a decay of 1e-4 are then the same as
# these. As released, batch normalization uses the images of all processes.
_base_ = './sgd_voc_ssl.py'
sync_bn = 'torch'
epochs = dict(count=80, processes=8)
optim_wrapper = dict(optimizer=dict(lr=0.00125, weight_decay=8e-4))
