_base_ = '../_base_/co_training/cityscapes_769_r50-b2_supervised-dct.py'
partition = dict(name='744', labeled=744, unlabeled=2231)
