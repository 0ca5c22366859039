# UniMatch V2 on Cityscapes: 180 epochs of the unlabeled images in batches of
# 8 + 8; the learning rates are the same as on Pascal VOC.
_base_ = './adamw_voc_unimatch-v2.py'
epochs = dict(count=180)
