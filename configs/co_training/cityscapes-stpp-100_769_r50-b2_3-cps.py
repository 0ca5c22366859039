_base_ = '../_base_/co_training/cityscapes_769_r50-b2_3-cps.py'
partition = dict(name='100', labeled=100, unlabeled=2875)
