# Labels alone, DCT coefficients: an eighth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl_1_8.py',
    '../_base_/models/mobilenetv2-dct_segformer-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
