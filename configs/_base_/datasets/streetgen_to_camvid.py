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
load = dict(type='LoadWholeImage')
annotations = dict(type='LoadAnnotations')
resize = dict(
    type='RandomResize',
    scale=image_scale,
    ratio_range=(0.8, 1.6),
    keep_ratio=True)
# At most 3/4 of a crop may be of one class, as in DAFormer.
labeled_crop = dict(
    type='HistogramCrop', crop_size=crop_size, cat_max_ratio=0.75)
unlabeled_crop = dict(type='RandomCrop', crop_size=crop_size)
flip = dict(type='RandomFlip', prob=0.5)
pack = dict(type='PackByteInputs')
test_resize = dict(type='Resize', scale=image_scale, keep_ratio=True)
test_pack = dict(type='PackSegInputs')
labeled_pipeline = [load, annotations, resize, labeled_crop, flip, pack]
unlabeled_pipeline = [load, resize, unlabeled_crop, flip, pack]
# Annotations after the resize: predictions are compared at the size of the
# label.
test_pipeline = [load, test_resize, annotations, test_pack]
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
