_base_ = '../_base_/co_training/voc_513_r101-b3_supervised-rgb.py'
partition = dict(name='732', labeled=732, unlabeled=9850)
