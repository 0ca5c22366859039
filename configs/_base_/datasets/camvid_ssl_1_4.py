# A quarter of CamVid with labels.
_base_ = './camvid_ssl.py'
split = 'splits/train_1_4_seed{{$SPLIT_SEED:0}}'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}_labelled.txt'),
            unlabeled=dict(ann_file=f'{split}_unlabelled.txt')),
        expected=dict(labeled=92, unlabeled=275)))
