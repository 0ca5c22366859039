_base_ = '../_base_/co_training/voc_513_r50-b2_supervised-dct.py'
partition = dict(name='183', labeled=183, unlabeled=10399)
