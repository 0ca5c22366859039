# Labels alone: an eighth of Clothing Co-Parsing.
_base_ = [
    '../_base_/datasets/ccp_ssl.py',
    '../_base_/models/mobilenetv2_segformer-ssl.py',
    '../_base_/methods/labels_only.py',
    '../_base_/schedules/adamw_ssl.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=12))
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
