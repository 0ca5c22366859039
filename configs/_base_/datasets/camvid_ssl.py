# A sixteenth of CamVid with labels: semi-supervised training at the size of a
# CPU. SPLIT_SEED=1 in the environment selects another split.
_base_ = './streetgen_to_camvid.py'
data_root = '{{$CAMVID_ROOT:data/camvid}}'
split = 'splits/train_1_16_seed{{$SPLIT_SEED:0}}'
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                data_root=data_root, ann_file=f'{split}_labelled.txt'),
            unlabeled=dict(ann_file=f'{split}_unlabelled.txt')),
        expected=dict(labeled=23, unlabeled=344),
        disjoint=True))
