_base_ = '../_base_/co_training/voc_321_r50-b2_supervised-dct.py'
partition = dict(name='366', labeled=366, unlabeled=10216)
