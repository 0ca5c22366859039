# Methods at the size of a CPU, a sixteenth of Clothing Co-Parsing with labels.
title = 'Semi-supervised Clothing Co-Parsing, 1/16 with labels'
configs = [
    f'ccp-1_16_{method}.py'
    for method in ('supervised', 'supervised-continued', 'mean-teacher',
                   'mean-teacher_fst', 'cutmix', 'cutmix_fst', 'fixmatch',
                   'unimatch', 'unimatch-v2', 'unimatch-v2_fst')
]
