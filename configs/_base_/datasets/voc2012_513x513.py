# Pascal VOC 2012 + SBD with the crops of U2PL and FST: 4 + 4 images on each of
# 4 GPUs. The lists are U2PL's 1/16, of high-quality labels alone; those of
# ST++ are other ones. tools/download_splits.sh fetches both.
data_root = '{{$VOC2012_ROOT:data/VOC2012}}'
split = 'splits/u2pl/662'
crop_size = (513, 513)

data_preprocessor = dict(
    type='SelfTrainingDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=crop_size)
labeled_pipeline = [
    dict(type='LoadWholeImage'),
    dict(type='LoadAnnotations'),
    dict(type='RandomFactorResize', ranges=((0.5, 1.0), (1.0, 2.0))),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackByteInputs')
]
unlabeled_pipeline = [
    dict(type='LoadWholeImage'),
    dict(type='RandomFactorResize', ranges=((0.5, 1.0), (1.0, 2.0))),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackByteInputs')
]
test_pipeline = [
    dict(type='LoadWholeImage'),
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
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
                ann_file=f'{split}/labeled.txt',
                data_prefix=folders,
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='PascalVOCDataset',
                data_root=data_root,
                ann_file=f'{split}/unlabeled.txt',
                data_prefix=dict(img_path='JPEGImages'),
                pipeline=unlabeled_pipeline)),
        expected=dict(labeled=662, unlabeled=9920),
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
