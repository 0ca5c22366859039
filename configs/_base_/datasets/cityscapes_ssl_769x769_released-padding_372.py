# The same with U2PL's list of 372 labels.
_base_ = './cityscapes_ssl_769x769_released-padding.py'
split = 'splits/u2pl/372'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}/labeled.txt'),
            unlabeled=dict(ann_file=f'{split}/unlabeled.txt')),
        expected=dict(labeled=372, unlabeled=2603)))
