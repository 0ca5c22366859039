# Pascal VOC 2012 + SBD with the crops of U2PL and FST: 4 + 4 images on each of
# 4 GPUs. The lists are U2PL's 1/16, 1/8 and 1/4, of high-quality labels alone;
# the lists of ST++ are different. tools/download_splits.sh fetches both.
data_root = '{{$VOC2012_ROOT:data/VOC2012}}'
lists = 'splits/u2pl/{partition}'
partition = '662'
partitions = {
    '662': dict(labeled=662, unlabeled=9920),
    '1323': dict(labeled=1323, unlabeled=9259),
    '2646': dict(labeled=2646, unlabeled=7936)
}
crop_size = (513, 513)

data_preprocessor = dict(
    type='SelfTrainingDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=crop_size)
load = dict(type='LoadWholeImage')
annotations = dict(type='LoadAnnotations')
resize = dict(type='RandomFactorResize', ranges=((0.5, 1.0), (1.0, 2.0)))
crop = dict(type='RandomCrop', crop_size=crop_size)
flip = dict(type='RandomFlip', prob=0.5)
pack = dict(type='PackByteInputs')
labeled_pipeline = [load, annotations, resize, crop, flip, pack]
unlabeled_pipeline = [load, resize, crop, flip, pack]
test_pipeline = [load, annotations, dict(type='PackSegInputs')]
folders = dict(img_path='JPEGImages', seg_map_path='SegmentationClassAug')

train_dataloader = dict(
    batch_size=4,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='PairedSampler'),
    dataset=dict(
        type='PairedDataset',
        sides=dict(
            labeled=dict(
                type='PascalVOCDataset',
                data_root=data_root,
                ann_file=f'{lists}/labeled.txt',
                data_prefix=folders,
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='PascalVOCDataset',
                data_root=data_root,
                ann_file=f'{lists}/unlabeled.txt',
                data_prefix=dict(img_path='JPEGImages'),
                pipeline=unlabeled_pipeline)),
        disjoint=True))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='PascalVOCDataset',
        data_root=data_root,
        ann_file='ImageSets/Segmentation/val.txt',
        data_prefix=folders,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='ConfusionIoUMetric')
test_evaluator = val_evaluator
