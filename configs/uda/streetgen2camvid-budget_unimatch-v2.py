# UniMatch V2: two strong views of the unlabeled frames, CutMix among them.
_base_ = [
    '../_base_/datasets/streetgen_to_camvid_budget.py',
    '../_base_/models/mobilenetv2_segformer.py',
    '../_base_/methods/ssl_unimatch_v2.py',
    '../_base_/schedules/adamw_budget.py',
    '../_base_/default_runtime.py'
]
load_from = 'work_dirs/uda/streetgen2camvid_source-only/seed_0/iter_600.pth'
