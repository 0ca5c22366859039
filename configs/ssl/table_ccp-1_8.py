# Methods at the size of a CPU, an eighth of Clothing Co-Parsing with labels.
title = 'Semi-supervised Clothing Co-Parsing, 1/8 with labels'
configs = [
    f'ccp-1_8_{method}.py'
    for method in ('supervised', 'supervised-continued', 'mean-teacher',
                   'mean-teacher_fst', 'cutmix', 'cutmix_fst', 'fixmatch',
                   'unimatch', 'unimatch-v2', 'unimatch-v2_fst')
]
