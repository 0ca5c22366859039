# Labels alone: an eighth of Clothing Co-Parsing.
_base_ = [
    '../_base_/datasets/ccp_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
model = dict(
    segmentor=_base_.segmentor,
    data_preprocessor=_base_.data_preprocessor)
model['segmentor']['decode_head']['num_classes'] = 12
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
