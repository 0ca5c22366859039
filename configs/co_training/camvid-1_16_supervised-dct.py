# Labels alone, DCT coefficients: a sixteenth of CamVid.
_base_ = [
    '../_base_/datasets/camvid_ssl.py',
    '../_base_/models/mobilenetv2-dct_segformer-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor)
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
