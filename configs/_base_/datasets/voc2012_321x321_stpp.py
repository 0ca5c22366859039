# Pascal VOC 2012 + SBD as ST++ trains: long sides of 200 to 800 pixels, and
# 8 + 8 images in the one process that trains all of its stages.
_base_ = './voc2012_321x321_92.py'
resize = dict(
    type='RandomResize',
    scale=(400, 400),
    ratio_range=(0.5, 2.0),
    keep_ratio=True,
    backend='pillow')
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[2] = resize
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[1] = resize
train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        sides=dict(
            labeled=dict(pipeline=labeled_pipeline),
            unlabeled=dict(pipeline=unlabeled_pipeline))))
