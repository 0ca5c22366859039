# Cityscapes with the crops of UniMatch V1: 2 + 2 images on each of 4 GPUs. The
# lists are UniMatch's 1/30, 1/16, 1/8 and 1/4.
_base_ = './cityscapes_ssl_769x769.py'
lists = 'splits/stpp/{partition}'
partitions = {'100': dict(labeled=100, unlabeled=2875)}
crop_size = (801, 801)
# As released: black, at the left of a flipped image.
data_preprocessor = dict(size=crop_size, padding='black')
resize = dict(
    type='RandomFactorResize', ranges=((0.5, 2.0), ), backend='pillow')
crop = dict(type='RandomCrop', crop_size=crop_size)
labeled_pipeline = [
    _base_.load, _base_.annotations, resize, crop, _base_.flip, _base_.pack
]
unlabeled_pipeline = [_base_.load, resize, crop, _base_.flip, _base_.pack]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            labeled=dict(
                ann_file=f'{lists}/labeled.txt', pipeline=labeled_pipeline),
            unlabeled=dict(
                ann_file=f'{lists}/unlabeled.txt',
                pipeline=unlabeled_pipeline))))
