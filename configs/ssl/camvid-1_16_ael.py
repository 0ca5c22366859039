# AEL: a sixteenth of CamVid.
# Starts from camvid-1_16_supervised.py.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/ssl_ael.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
# Classes are copied from other crops of the labeled images, many of them
# small.
paste_pipeline = [
    _base_.load, _base_.annotations,
    dict(_base_.resize, ratio_range=(0.1, 2.0)), _base_.labeled_crop,
    _base_.flip, _base_.pack
]
train_dataloader = dict(
    dataset=dict(
        sides=dict(
            paste=dict(
                _base_.train_dataloader.dataset.sides.labeled,
                pipeline=paste_pipeline)),
        disjoint=[('labeled', 'unlabeled')]))
# Sky, building, road, sidewalk and tree fill most of an image.
model = dict(copy_paste=dict(excluded=(0, 1, 3, 4, 5)))
load_from = 'work_dirs/ssl/camvid-1_16_supervised/{run}/iter_900.pth'
