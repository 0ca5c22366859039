_base_ = '../_base_/co_training/voc_321_r101-b3_3-cps.py'
partition = dict(name='732', labeled=732, unlabeled=9850)
