# Labels alone, DeepLabV3+: a sixteenth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2_deeplabv3plus-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
