# The same with ST++'s list of 2646 labels.
_base_ = './voc2012_321x321_stpp.py'
split = 'splits/stpp/2646'
train_dataloader = dict(
    dataset=dict(
        labeled=dict(ann_file=f'{split}/labeled.txt'),
        unlabeled=dict(ann_file=f'{split}/unlabeled.txt'),
        expected=dict(labeled=2646, unlabeled=7936)))
