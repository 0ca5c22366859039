# Pascal VOC 2012 + SBD as Diverse Co-training has it: 4 + 4 images on each of
# 4 GPUs, ST++'s lists; `partition` of a cell names one.
_base_ = './voc2012_321x321.py'
lists = 'splits/stpp/{partition}'
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file=f'{lists}/labeled.txt'),
            unlabeled=dict(ann_file=f'{lists}/unlabeled.txt'))))
