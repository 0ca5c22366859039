# Cityscapes with the crops of U2PL and FST: 2 + 2 images on each of 8 GPUs.
# The lists are U2PL's 1/16.
_base_ = './voc2012_513x513.py'
data_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
split = 'splits/u2pl/186'
crop_size = (769, 769)
data_preprocessor = dict(size=crop_size)
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[3]['crop_size'] = crop_size
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[2]['crop_size'] = crop_size
folders = dict(img_path='leftImg8bit/train', seg_map_path='gtFine/train')
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                type='CityscapesDataset',
                data_root=data_root,
                ann_file=f'{split}/labeled.txt',
                data_prefix=folders,
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='CityscapesDataset',
                data_root=data_root,
                ann_file=f'{split}/unlabeled.txt',
                data_prefix=dict(img_path='leftImg8bit/train'),
                pipeline=unlabeled_pipeline)),
        expected=dict(labeled=186, unlabeled=2789)))
val_dataloader = dict(
    dataset=dict(
        type='CityscapesDataset',
        data_root=data_root,
        ann_file='',
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val')))
test_dataloader = val_dataloader
