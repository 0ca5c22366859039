# Diverse Co-training on Cityscapes: 240 epochs, one learning rate for encoder
# and head. An epoch is counted as in the release, with 1 + 1 images on each of
# 8 GPUs.
_base_ = './sgd_cityscapes_unimatch.py'
epochs = dict(processes=8, batch_size=1)
default_hooks = dict(checkpoint=dict(save_best='ensemble/mIoU'))
