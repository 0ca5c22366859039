# AEL on Cityscapes: 200 epochs, otherwise as on Pascal VOC.
_base_ = './sgd_voc_ael.py'
epochs = dict(count=200)
