# Pascal VOC 2012 + SBD with the crops of UniMatch V2, multiples of DINOv2's
# patch of 14: 4 + 4 images on each of 4 GPUs, 92 high-quality labels.
_base_ = './voc2012_321x321.py'
split = 'splits/stpp/92'
crop_size = (518, 518)
data_preprocessor = dict(size=crop_size)
labeled_pipeline = _base_.labeled_pipeline
labeled_pipeline[3]['crop_size'] = crop_size
unlabeled_pipeline = _base_.unlabeled_pipeline
unlabeled_pipeline[2]['crop_size'] = crop_size
train_dataloader = dict(
    batch_size=4,
    dataset=dict(
        sides=dict(
            labeled=dict(
                ann_file=f'{split}/labeled.txt', pipeline=labeled_pipeline),
            unlabeled=dict(
                ann_file=f'{split}/unlabeled.txt',
                pipeline=unlabeled_pipeline)),
        expected=dict(labeled=92, unlabeled=10490)))
