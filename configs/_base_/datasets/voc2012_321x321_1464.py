# The same with ST++'s list of 1464 labels, all of high quality.
_base_ = './voc2012_321x321.py'
split = 'splits/stpp/1464'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}/labeled.txt'),
            unlabeled=dict(ann_file=f'{split}/unlabeled.txt')),
        expected=dict(labeled=1464, unlabeled=9118)))
