# U2PL on UniMatch's lists of Cityscapes, ResNet-101 and DeepLabV3+.
_base_ = './cityscapes_deeplabv3plus_u2pl.py'
partitions = {'100': dict(labeled=100, unlabeled=2875)}
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file='splits/stpp/{partition}/labeled.txt'),
            unlabeled=dict(ann_file='splits/stpp/{partition}/unlabeled.txt'))))
