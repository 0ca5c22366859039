# The embedded data: procedural streets, a rendered domain with labels and a
# camera domain without. Made by tools/make_streets.py in less than a minute.
dataset_type = 'StreetsDataset'
source_root = '{{$STREETS_ROOT:data/streets}}/rendered'
target_root = '{{$STREETS_ROOT:data/streets}}/camera'
crop_size = (128, 256)  # the whole image

data_preprocessor = dict(
    type='SelfTrainingDataPreProcessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=crop_size,
    # Photos of other sizes are padded: the U-Net halves them four times.
    test_cfg=dict(size_divisor=16))
load = dict(type='LoadWholeImage')
annotations = dict(type='LoadAnnotations')
flip = dict(type='RandomFlip', prob=0.5)
pack = dict(type='PackByteInputs')
labeled_pipeline = [load, annotations, flip, pack]
unlabeled_pipeline = [load, flip, pack]
test_pipeline = [load, annotations, dict(type='PackSegInputs')]
train_folders = dict(
    img_path='leftImg8bit/train', seg_map_path='gtFine/train')

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
                data_prefix=train_folders,
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type=dataset_type,
                data_root=target_root,
                data_prefix=dict(img_path='leftImg8bit/train'),
                pipeline=unlabeled_pipeline))))
val_dataloader = dict(
    batch_size=4,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=target_root,
        data_prefix=dict(
            img_path='leftImg8bit/val', seg_map_path='gtFine/val'),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='ConfusionIoUMetric')
test_evaluator = val_evaluator
