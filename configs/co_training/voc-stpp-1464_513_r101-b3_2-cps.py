_base_ = '../_base_/co_training/voc_513_r101-b3_2-cps.py'
partition = dict(name='1464', labeled=1464, unlabeled=9118)
