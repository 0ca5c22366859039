_base_ = '../_base_/co_training/voc_321_r101-b3_supervised-rgb.py'
partition = dict(name='1464', labeled=1464, unlabeled=9118)
