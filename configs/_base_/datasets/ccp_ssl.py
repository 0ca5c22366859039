# An eighth of Clothing Co-Parsing with labels, at the size of a CPU; 274 of
# the unlabeled photos truly have no label. SPLIT_SEED as in camvid_ssl.py.
_base_ = './streetgen_to_camvid.py'
data_root = '{{$CCP_ROOT:data/ccp}}'
split = 'splits/train_1_8_seed{{$SPLIT_SEED:0}}'
# Photos of 256 x 385 are seen at 3/4 of their size.
image_scale = (288, 192)
crop_size = (256, 160)
data_preprocessor = dict(size=crop_size)
resize = dict(
    type='RandomResize',
    scale=image_scale,
    ratio_range=(0.9, 1.6),
    keep_ratio=True)
# Most of nearly every photo is background, so no limit on a single class.
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize, crop, _base_.flip, _base_.pack
]
unlabeled_pipeline = [_base_.load, resize, crop, _base_.flip, _base_.pack]
test_resize = dict(type='Resize', scale=image_scale, keep_ratio=True)
test_pipeline = [
    _base_.load, test_resize, _base_.annotations, _base_.test_pack
]
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                type='ClothingDataset',
                data_root=data_root,
                ann_file=f'{split}_labelled.txt',
                pipeline=labeled_pipeline),
            unlabeled=dict(
                type='ClothingDataset',
                data_root=data_root,
                ann_file=f'{split}_unlabelled.txt',
                extra_ann_file='splits/unlabelled_extra.txt',
                pipeline=unlabeled_pipeline)),
        expected=dict(labeled=94, unlabeled=660 + 274),
        disjoint=True))
val_dataloader = dict(
    dataset=dict(
        type='ClothingDataset', data_root=data_root, pipeline=test_pipeline))
test_dataloader = val_dataloader
