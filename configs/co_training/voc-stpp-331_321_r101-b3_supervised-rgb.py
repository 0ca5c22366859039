_base_ = '../_base_/co_training/voc_321_r101-b3_supervised-rgb.py'
partition = dict(name='331', labeled=331, unlabeled=10251)
