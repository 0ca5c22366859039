# Rendered streets and a few labeled frames of CamVid -> CamVid: any label
# budget between domain adaptation (0) and semi-supervised learning, which is
# this with sides.labeled=None. The lists of 23 and 92 frames are the lists of
# camvid_ssl.py and camvid_ssl_1_4.py. Split 0 of three (seeds 1000 to 1002):
#     python tools/make_splits.py data/camvid/splits/train.txt \
#         data/camvid/splits/budget_seed0 --parts 0 5 23 92 --seed 1000
_base_ = './streetgen_to_camvid.py'
lists = 'splits/budget_seed{{$SPLIT_SEED:0}}/{partition}'
partitions = {
    '0': dict(target_labeled=0, unlabeled=367),
    '5': dict(target_labeled=5, unlabeled=362),
    '23': dict(target_labeled=23, unlabeled=344),
    '92': dict(target_labeled=92, unlabeled=275)
}
partition = '23'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            target_labeled=dict(
                type=_base_.dataset_type,
                data_root=_base_.target_root,
                ann_file=f'{lists}/labeled.txt',
                data_prefix=_base_.folders,
                pipeline=_base_.labeled_pipeline),
            unlabeled=dict(ann_file=f'{lists}/unlabeled.txt')),
        # Half of the labeled images of a batch are of either domain.
        joined=dict(target_labeled='labeled'),
        disjoint=[('target_labeled', 'unlabeled')]))
