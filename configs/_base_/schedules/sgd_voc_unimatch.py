# UniMatch on Pascal VOC: 80 epochs of the unlabeled images in batches of
# 8 + 8; the learning rates of U2PL and FST. There is no teacher to choose by.
_base_ = './sgd_voc_ssl.py'
epochs = dict(count=80)
default_hooks = dict(checkpoint=dict(save_best='student/mIoU'))
