_base_ = '../_base_/co_training/voc_321_r50-b2_supervised-rgb.py'
partition = dict(name='2646', labeled=2646, unlabeled=7936)
