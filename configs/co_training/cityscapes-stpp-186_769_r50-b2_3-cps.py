_base_ = '../_base_/co_training/cityscapes_769_r50-b2_3-cps.py'
partition = dict(name='186', labeled=186, unlabeled=2789)
