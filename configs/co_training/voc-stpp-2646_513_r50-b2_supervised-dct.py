_base_ = '../_base_/co_training/voc_513_r50-b2_supervised-dct.py'
partition = dict(name='2646', labeled=2646, unlabeled=7936)
