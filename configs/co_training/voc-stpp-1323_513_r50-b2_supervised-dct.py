_base_ = '../_base_/co_training/voc_513_r50-b2_supervised-dct.py'
partition = dict(name='1323', labeled=1323, unlabeled=9259)
