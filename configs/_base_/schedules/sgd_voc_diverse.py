# Diverse Co-training on Pascal VOC: 80 epochs of the unlabeled images; the
# partition makes iterations of them. Every student has these rates.
_base_ = './sgd_voc_unimatch_92.py'
epochs = dict(count=80, processes=4)
optim_wrapper = dict(optimizer=dict(lr=0.002))
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
