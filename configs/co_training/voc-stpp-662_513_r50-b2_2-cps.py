_base_ = '../_base_/co_training/voc_513_r50-b2_2-cps.py'
partition = dict(name='662', labeled=662, unlabeled=9920)
