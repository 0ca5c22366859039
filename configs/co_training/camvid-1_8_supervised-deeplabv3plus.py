# Labels alone, DeepLabV3+: an eighth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl_1_8.py',
    '../_base_/models/mobilenetv2_deeplabv3plus-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
