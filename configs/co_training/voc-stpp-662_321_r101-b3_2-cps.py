_base_ = '../_base_/co_training/voc_321_r101-b3_2-cps.py'
partition = dict(name='662', labeled=662, unlabeled=9920)
