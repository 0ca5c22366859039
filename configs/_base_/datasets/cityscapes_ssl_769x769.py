# Cityscapes with the crops of U2PL and FST: 2 + 2 images on each of 8 GPUs.
# The lists are U2PL's 1/16, 1/8 and 1/4.
_base_ = './voc2012_513x513.py'
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
partition = '186'
partitions = {
    '_delete_': True,  # the partitions of Pascal VOC
    '186': dict(labeled=186, unlabeled=2789),
    '372': dict(labeled=372, unlabeled=2603),
    '744': dict(labeled=744, unlabeled=2231)
}
crop_size = (769, 769)
data_preprocessor = dict(size=crop_size)
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.resize, crop, _base_.flip,
    _base_.pack
]
unlabeled_pipeline = [
    _base_.load, _base_.resize, crop, _base_.flip, _base_.pack
]
folders = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                type='CityscapesDataset',
                data_root=data_root,
                data_prefix=folders,
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='CityscapesDataset',
                data_root=data_root,
                data_prefix=dict(img_path='leftImg8bit/train'),
                pipeline=unlabeled_pipeline))))
val_dataloader = dict(
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        ann_file='',
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val')))
test_dataloader = val_dataloader
