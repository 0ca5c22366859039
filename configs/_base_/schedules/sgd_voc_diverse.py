# Diverse Co-training on Pascal VOC: 80 epochs of the unlabeled images. Every
# student has these learning rates.
_base_ = './sgd_voc_unimatch.py'
optim_wrapper = dict(optimizer=dict(lr=0.002))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
