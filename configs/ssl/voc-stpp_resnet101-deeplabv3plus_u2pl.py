# U2PL as released, on ST++'s lists of Pascal VOC: ResNet-101 and DeepLabV3+.
# The lists of 92 to 1464 labels are also U2PL's; of 662 to 2646 labels, U2PL
# has other images.
_base_ = './voc_deeplabv3plus_u2pl_released.py'
partition = '92'
# In addition to 662, 1323 and 2646.
partitions = {
    '92': dict(labeled=92, unlabeled=10490),
    '183': dict(labeled=183, unlabeled=10399),
    '366': dict(labeled=366, unlabeled=10216),
    '732': dict(labeled=732, unlabeled=9850),
    '1464': dict(labeled=1464, unlabeled=9118)
}
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(ann_file='splits/stpp/{partition}/labeled.txt'),
            unlabeled=dict(ann_file='splits/stpp/{partition}/unlabeled.txt'))))
