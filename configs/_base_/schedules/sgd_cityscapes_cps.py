# CPS on Cityscapes, 8 + 8 images. Its program has the learning rate 0.02 and
# a decay of 1e-4, and divides the gradient by 8, the number of GPUs; see
# sgd_voc_cps.py.
# It counts unlabeled images as 2975 less 2975 // 16, 8 or 4.
_base_ = './sgd_voc_cps.py'
epochs = dict(
    _delete_=True,
    count={'186': 128, '372': 137, '744': 160},
    length={'186': 348, '372': 325, '744': 279})
optim_wrapper = dict(optimizer=dict(weight_decay=8e-4))
