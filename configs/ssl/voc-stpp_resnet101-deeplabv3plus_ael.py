# AEL on ST++'s lists of Pascal VOC, ResNet-101 and DeepLabV3+. The release
# does not contain lists.
_base_ = './voc_deeplabv3plus_ael.py'
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file='splits/stpp/{partition}/labeled.txt'),
            unlabeled=dict(ann_file='splits/stpp/{partition}/unlabeled.txt'),
            paste=dict(ann_file='splits/stpp/{partition}/labeled.txt'))))
