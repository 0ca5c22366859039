# The same with U2PL's list of 1323 labels.
_base_ = './voc2012_513x513_released-padding.py'
split = 'splits/u2pl/1323'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}/labeled.txt'),
            unlabeled=dict(ann_file=f'{split}/unlabeled.txt')),
        expected=dict(labeled=1323, unlabeled=9259)))
