# SYNTHIA -> Cityscapes with the sizes of DAFormer and FST. The network has 19
# outputs; the published scores are mIoU16 and mIoU13.
_base_ = './gta_to_cityscapes_512x512.py'
source_root = '{{$SYNTHIA_ROOT:data/synthia}}'
# The size on disk.
source_resize = dict(type='Resize', scale=(1280, 760), keep_ratio=True)
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
