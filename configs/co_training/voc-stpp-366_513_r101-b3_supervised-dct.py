_base_ = '../_base_/co_training/voc_513_r101-b3_supervised-dct.py'
partition = dict(name='366', labeled=366, unlabeled=10216)
