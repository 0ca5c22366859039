# UniMatch on Pascal VOC: 80 epochs of the unlabeled images in batches of
# 8 + 8; the learning rates of U2PL and FST. There is no teacher to choose by.
# As released: learning rates lag by an iteration, and batch normalization
# uses the images of all processes.
_base_ = './sgd_voc_ssl.py'
epochs = dict(count=80, lag=1)
sync_bn = 'torch'
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
