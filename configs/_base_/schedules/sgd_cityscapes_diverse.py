# Diverse Co-training on Cityscapes: 240 epochs, one rate for encoder and head.
_base_ = './sgd_cityscapes_unimatch_186.py'
epochs = dict(count=240, processes=8, batch_size=1)  # as it was counted
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
