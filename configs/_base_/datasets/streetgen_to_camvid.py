# Rendered streets -> real streets, 11 classes, 480 x 360: GTA -> Cityscapes at
# the size of a CPU. See README, "Data", for how to get both folders.
dataset_type = 'CamVidDataset'
source_root = '{{$STREETGEN_ROOT:data/streetgen}}'
target_root = '{{$CAMVID_ROOT:data/camvid}}'
# Frames are seen at 2/3 of their size; a crop then shows most of one.
image_scale = (320, 240)
crop_size = (192, 256)

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
    dict(
        type='RandomResize',
        scale=image_scale,
        ratio_range=(0.8, 1.6),
        keep_ratio=True),
    # At most 3/4 of a crop may be of one class, as in DAFormer.
    dict(type='HistogramCrop', crop_size=crop_size, cat_max_ratio=0.75),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackByteInputs')
]
unlabeled_pipeline = [
    dict(type='LoadWholeImage'),
    dict(
        type='RandomResize',
        scale=image_scale,
        ratio_range=(0.8, 1.6),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackByteInputs')
]
test_pipeline = [
    dict(type='LoadWholeImage'),
    dict(type='Resize', scale=image_scale, keep_ratio=True),
    # After the resize: predictions are compared at the size of the label.
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
folders = dict(img_path='images', seg_map_path='labels')

train_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='PairedSampler'),
    dataset=dict(
        type='PairedDataset',
        sides=dict(
            labeled=dict(
                type=dataset_type,
                data_root=source_root,
                ann_file='splits/train.txt',
                data_prefix=folders,
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type=dataset_type,
                data_root=target_root,
                ann_file='splits/train.txt',
                data_prefix=dict(img_path='images'),
                pipeline=unlabeled_pipeline))))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=target_root,
        ann_file='splits/val.txt',
        data_prefix=folders,
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='ConfusionIoUMetric')
test_evaluator = val_evaluator
