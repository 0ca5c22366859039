# GTA -> Cityscapes with the sizes of DAFormer and FST: GTA within 1280 x 720,
# Cityscapes at 1024 x 512, crops of 512 x 512.
source_root = '{{$GTA_ROOT:data/gta}}'
target_root = '{{$CITYSCAPES_ROOT:data/cityscapes}}'
crop_size = (512, 512)

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
# As in the release, not stretched: 1914 x 1052 becomes 1280 x 704.
source_resize = dict(type='Resize', scale=(1280, 720), keep_ratio=True)
source_crop = dict(
    type='HistogramCrop', crop_size=crop_size, cat_max_ratio=0.75)
target_resize = dict(type='Resize', scale=(1024, 512), keep_ratio=True)
target_crop = dict(type='RandomCrop', crop_size=crop_size)
flip = dict(type='RandomFlip', prob=0.5)
pack = dict(type='PackByteInputs')
test_pack = dict(type='PackSegInputs')
labeled_pipeline = [load, annotations, source_resize, source_crop, flip, pack]
unlabeled_pipeline = [load, target_resize, target_crop, flip, pack]
# Annotations after the resize: predictions are compared at the size of the
# label.
test_pipeline = [load, target_resize, annotations, test_pack]
train_dataloader = dict(
    batch_size=2,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='PairedSampler'),
    dataset=dict(
        type='PairedDataset',
        sides=dict(
            labeled=dict(
                type='GTADataset',
                data_root=source_root,
                data_prefix=dict(img_path='images', seg_map_path='labels'),
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='CityscapesDataset',
                data_root=target_root,
                data_prefix=dict(img_path='leftImg8bit/train'),
                pipeline=unlabeled_pipeline)),
        rare_class_sampling=dict(
            stats=f'{source_root}/class_stats_train.json',
            temperature=0.01,
            min_pixels=3000,
            min_crop_ratio=0.5)))
val_dataloader = dict(
    batch_size=1,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CityscapesDataset',
        data_root=target_root,
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='ConfusionIoUMetric')
test_evaluator = val_evaluator
