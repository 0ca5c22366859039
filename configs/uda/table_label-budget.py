# Methods by the number of labeled frames of the target; the others of its 367
# frames are unlabeled. Two baselines need at least a few of them.
title = 'streetgen -> CamVid by label budget'
configs = ['streetgen2camvid_source-only.py'] + [
    dict(config=f'streetgen2camvid-budget_{method}.py', partition=labels)
    for labels in (0, 5, 23, 92)
    for method in ('supervised', 'mean-teacher', 'fst-d', 'mic', 'unimatch-v2')
] + [
    dict(config=f'streetgen2camvid-budget_{method}.py', partition=labels)
    for labels in (5, 23, 92)
    for method in ('finetune', 'labels-alone')
]
