# The same with ST++'s list of 366 labels.
_base_ = './voc2012_518x518.py'
split = 'splits/stpp/366'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}/labeled.txt'),
            unlabeled=dict(ann_file=f'{split}/unlabeled.txt')),
        expected=dict(labeled=366, unlabeled=10216)))
