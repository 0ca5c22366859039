_base_ = '../_base_/co_training/voc_321_r50-b2_supervised-dct.py'
partition = dict(name='92', labeled=92, unlabeled=10490)
