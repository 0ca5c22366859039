_base_ = '../_base_/co_training/voc_321_r50-b2_supervised-rgb.py'
partition = dict(name='1323', labeled=1323, unlabeled=9259)
