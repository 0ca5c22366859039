# The same with UniMatch's list of 744 labels.
_base_ = './cityscapes_ssl_798x798.py'
split = 'splits/stpp/744'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}/labeled.txt'),
            unlabeled=dict(ann_file=f'{split}/unlabeled.txt')),
        expected=dict(labeled=744, unlabeled=2231)))
