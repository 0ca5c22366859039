_base_ = '../_base_/co_training/voc_513_r101-b3_2-cps.py'
partition = dict(name='1323', labeled=1323, unlabeled=9259)
