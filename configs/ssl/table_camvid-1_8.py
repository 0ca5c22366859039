# Methods at the size of a CPU, an eighth of CamVid with labels.
title = 'Semi-supervised CamVid, 1/8 with labels'
configs = [
    f'camvid-1_8_{method}.py'
    for method in ('supervised', 'supervised-continued', 'mean-teacher',
                   'mean-teacher_fst', 'cutmix', 'cutmix_fst', 'fixmatch',
                   'unimatch', 'unimatch-v2', 'unimatch-v2_fst')
]
