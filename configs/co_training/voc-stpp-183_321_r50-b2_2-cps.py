_base_ = '../_base_/co_training/voc_321_r50-b2_2-cps.py'
partition = dict(name='183', labeled=183, unlabeled=10399)
