# Labels alone, once more: an eighth of CamVid. Starts from
# camvid-1_8_supervised.py; what others gain by their iterations alone.
_base_ = [
    '../_base_/datasets/camvid_ssl_1_8.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl_adapt.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
load_from = 'work_dirs/ssl/camvid-1_8_supervised/{run}/iter_900.pth'
