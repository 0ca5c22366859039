# Cityscapes with the crops of UniMatch V1: 2 + 2 images on each of 4 GPUs. The
# lists are UniMatch's 1/16.
_base_ = './cityscapes_ssl_769x769.py'
split = 'splits/stpp/186'
crop_size = (801, 801)
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
    dataset=dict(
        sides=dict(
            labeled=dict(
                ann_file=f'{split}/labeled.txt', pipeline=labeled_pipeline),
            unlabeled=dict(
                ann_file=f'{split}/unlabeled.txt',
                pipeline=unlabeled_pipeline))))
