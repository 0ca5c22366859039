# SYNTHIA -> Cityscapes at twice the sizes of DAFormer, as in HRDA. The network
# has 19 outputs; the published scores are mIoU16 and mIoU13.
_base_ = './gta_to_cityscapes_1024x1024.py'
source_root = '{{$SYNTHIA_ROOT:data/synthia}}'
source_resize = dict(type='Resize', scale=(2560, 1520), keep_ratio=True)
labeled_pipeline = [
    _base_.load, _base_.annotations, source_resize, _base_.source_crop,
    _base_.flip, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(
                type='SynthiaDataset',
                data_root=source_root,
                data_prefix=dict(img_path='RGB', seg_map_path='GT/LABELS'),
                pipeline=labeled_pipeline)),
        rare_class_sampling=dict(
            stats=f'{source_root}/class_stats_train.json')))
val_evaluator = dict(type='SynthiaIoUMetric')
test_evaluator = val_evaluator
