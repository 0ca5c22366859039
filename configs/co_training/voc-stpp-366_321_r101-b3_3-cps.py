_base_ = '../_base_/co_training/voc_321_r101-b3_3-cps.py'
partition = dict(name='366', labeled=366, unlabeled=10216)
