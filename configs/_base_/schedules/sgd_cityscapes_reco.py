# ReCo on Cityscapes: 40000 iterations, as on Pascal VOC.
_base_ = './sgd_voc_reco.py'
epochs = dict(length={'100': 200, '186': 200, '372': 200, '744': 200})
