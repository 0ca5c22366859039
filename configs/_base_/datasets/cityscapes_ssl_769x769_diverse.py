# Cityscapes as Diverse Co-training has it, but for 2 + 2 images on each of 4
# GPUs: of its 1 + 1 on each of 8, none has another to be mixed with.
_base_ = './cityscapes_ssl_801x801.py'
lists = 'splits/stpp/{partition}'
crop_size = (769, 769)
data_preprocessor = dict(size=crop_size)
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[3]['crop_size'] = crop_size
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[2]['crop_size'] = crop_size
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        sides=dict(
            labeled=dict(
                ann_file=f'{lists}/labeled.txt', pipeline=labeled_pipeline),
            unlabeled=dict(
                ann_file=f'{lists}/unlabeled.txt',
                pipeline=unlabeled_pipeline))))
