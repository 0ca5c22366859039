# Pascal VOC 2012 + SBD with the crops of UniMatch V1 and Diverse Co-training:
# 2 + 2 images on each of 4 GPUs, UniMatch's 1/16 ("blended").
_base_ = './voc2012_513x513.py'
split = 'splits/stpp/662'
crop_size = (321, 321)
data_preprocessor = dict(size=crop_size)
resize = dict(
    type='RandomFactorResize', ranges=((0.5, 2.0), ), backend='pillow')
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[2] = resize
labeled_pipeline[3]['crop_size'] = crop_size
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[1] = resize
unlabeled_pipeline[2]['crop_size'] = crop_size
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                ann_file=f'{split}/labeled.txt', pipeline=labeled_pipeline),
            unlabeled=dict(
                ann_file=f'{split}/unlabeled.txt',
                pipeline=unlabeled_pipeline))))
