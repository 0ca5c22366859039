# Cityscapes with the crops of UniMatch V2, multiples of DINOv2's patch of 14;
# all else as of V1.
_base_ = './cityscapes_ssl_801x801.py'
crop_size = (798, 798)
data_preprocessor = dict(size=crop_size)
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[3]['crop_size'] = crop_size
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[2]['crop_size'] = crop_size
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
