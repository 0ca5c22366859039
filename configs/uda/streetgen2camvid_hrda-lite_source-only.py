# The source-only model of HRDA at the size of a CPU: frames at full size,
# trained on rendered ones alone. streetgen2camvid_hrda-lite.py adapts it.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid_256x384.py',
    '../_base_/models/mobilenetv2_hrda.py',
    '../_base_/methods/labels_only.py', '../_base_/schedules/adamw_adapt.py',
    '../_base_/default_runtime.py'
]
train_dataloader = dict(dataset=dict(sides=dict(unlabeled=None)))
