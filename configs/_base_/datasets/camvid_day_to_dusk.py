# The daylight drives of CamVid -> its dusk drive: a real, small gap.
_base_ = './streetgen_to_camvid.py'
target_root = '{{$CAMVID_ROOT:data/camvid}}'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(
                data_root=target_root, ann_file='splits/day_source.txt'),
            unlabeled=dict(ann_file='splits/dusk_adapt.txt'))))
val_dataloader = dict(dataset=dict(ann_file='splits/dusk_val.txt'))
test_dataloader = val_dataloader
