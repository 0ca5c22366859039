_base_ = '../_base_/co_training/cityscapes_769_r101-b3_3-cps.py'
partition = dict(name='744', labeled=744, unlabeled=2231)
