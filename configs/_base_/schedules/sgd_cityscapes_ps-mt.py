# PS-MT on Cityscapes: batches of 8 + 8 on 2 GPUs, otherwise as on Pascal VOC.
_base_ = './sgd_voc_ps-mt.py'
epochs = dict(
    _delete_=True, count={'372': 320, '744': 450}, processes=2)
optim_wrapper = dict(optimizer=dict(lr=0.0045))
