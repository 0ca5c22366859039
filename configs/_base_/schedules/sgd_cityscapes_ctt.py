# CTT on Cityscapes: 16000 iterations, as its file says, a tenth of Pascal
# VOC's.
_base_ = './sgd_voc_ctt.py'
epochs = dict(
    count=16, length={'100': 1000, '186': 1000, '372': 1000, '744': 1000})
