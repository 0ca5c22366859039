# SYNTHIA -> Cityscapes as in VFM-UDA++: the short sides of both at 1024 pixels
# times 0.9 to 1.1. The network has 19 outputs.
_base_ = './gta_to_cityscapes_1024x1024_vfm-uda.py'
source_root = '{{$SYNTHIA_ROOT:data/synthia}}'
labeled_pipeline = [
    _base_.load, _base_.annotations, _base_.target_resize, _base_.source_crop,
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
