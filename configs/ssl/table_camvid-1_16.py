# All methods at the size of a CPU, a sixteenth of CamVid with labels.
title = 'Semi-supervised CamVid, 1/16 with labels'
configs = [
    f'camvid-1_16_{method}.py'
    for method in ('supervised', 'supervised-continued', 'mean-teacher',
                   'mean-teacher_fst', 'cutmix', 'cutmix_fst', 'fixmatch',
                   'unimatch', 'prevmatch', 'corrmatch', 'allspark',
                   'unimatch-v2',
                   'unimatch-v2_fst', 'u2pl', 'u2pl_fst', 'stpp', 'ael',
                   'ael_fst', 'dsbn', 'eln', 'eln_fst', 'cct', 'cct-ema',
                   'cct-ema_fst', 'ps-mt', 'ps-mt_fst', 'reco', 'reco_fst',
                   'ctt', 'ctt_fst', 'cac', 'distill')
] + [
    '../co_training/camvid-1_16_supervised-second.py',
    *(f'camvid-1_16_{method}.py'
      for method in ('gct', 'gct-ema', 'gct-ema_fst'))
]
