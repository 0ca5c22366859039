_base_ = '../_base_/co_training/cityscapes_769_r101-b3_supervised-dct.py'
partition = dict(name='100', labeled=100, unlabeled=2875)
