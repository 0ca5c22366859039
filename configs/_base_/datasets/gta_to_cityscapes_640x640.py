# GTA -> Cityscapes in crops of 640 x 640, Cityscapes at 1280 x 640: the sizes
# of FST's BEiT.
_base_ = './gta_to_cityscapes_512x512.py'
crop_size = (640, 640)
target_scale = (1280, 640)
data_preprocessor = dict(size=crop_size)
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[3]['crop_size'] = crop_size
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[1]['scale'] = target_scale
unlabeled_pipeline[2]['crop_size'] = crop_size
test_pipeline = _base_.test_pipeline
test_pipeline[1]['scale'] = target_scale
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = val_dataloader
