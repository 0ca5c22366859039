_base_ = '../_base_/co_training/cityscapes_769_r50-b2_supervised-dct.py'
partition = dict(name='186', labeled=186, unlabeled=2789)
