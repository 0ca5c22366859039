# A sixteenth of Clothing Co-Parsing with labels.
_base_ = './ccp_ssl.py'
split = 'splits/train_1_16_seed{{$SPLIT_SEED:0}}'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{split}_labelled.txt'),
            unlabeled=dict(ann_file=f'{split}_unlabelled.txt')),
        expected=dict(labeled=47, unlabeled=707 + 274)))
