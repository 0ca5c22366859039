# Methods by the number of labeled frames of the target; the others of its 367
# frames are unlabeled. A baseline needs at least a few of them.
title = 'LabelMeFacade -> CamVid by label budget'
configs = ['labelmefacade2camvid_source-only.py'] + [
    dict(config=f'labelmefacade2camvid-budget_{method}.py', partition=labels)
    for labels in (0, 5, 23, 92)
    for method in ('supervised', 'mean-teacher', 'fst-d', 'unimatch-v2')
] + [
    dict(config='labelmefacade2camvid-budget_finetune.py', partition=labels)
    for labels in (5, 23, 92)
]
