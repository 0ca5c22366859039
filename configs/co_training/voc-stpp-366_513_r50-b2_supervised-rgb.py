_base_ = '../_base_/co_training/voc_513_r50-b2_supervised-rgb.py'
partition = dict(name='366', labeled=366, unlabeled=10216)
