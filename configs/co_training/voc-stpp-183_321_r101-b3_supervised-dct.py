_base_ = '../_base_/co_training/voc_321_r101-b3_supervised-dct.py'
partition = dict(name='183', labeled=183, unlabeled=10399)
