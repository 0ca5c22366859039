_base_ = '../_base_/co_training/cityscapes_769_r101-b3_supervised-rgb.py'
partition = dict(name='186', labeled=186, unlabeled=2789)
