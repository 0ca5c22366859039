# Trained on LabelMeFacade alone. The runs of labelmefacade2camvid-budget adapt
# it.
_base_ = [
    '../_base_/datasets/labelmefacade_to_camvid.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/labels_only.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
segmentor = dict(decode_head=dict(num_classes=6))
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
