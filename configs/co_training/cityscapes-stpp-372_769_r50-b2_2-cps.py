_base_ = '../_base_/co_training/cityscapes_769_r50-b2_2-cps.py'
partition = dict(name='372', labeled=372, unlabeled=2603)
