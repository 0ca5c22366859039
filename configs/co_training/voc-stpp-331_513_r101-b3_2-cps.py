_base_ = '../_base_/co_training/voc_513_r101-b3_2-cps.py'
partition = dict(name='331', labeled=331, unlabeled=10251)
