# Mean teacher of U2PL and FST for semi-supervision: no strong view, the fifth
# of the pixels of which the teacher is least sure is dropped. The teacher
# labels with its running statistics. Its second pass, on the student's batch,
# uses the statistics of the batch and updates the running ones.
model = dict(
    type='CutMixMeanTeacher',
    pseudo_labeler=dict(type='Threshold', threshold=0.),
    mixer=dict(type='NoMix'),
    pseudo_filter=dict(type='EntropyPercentile', percentile=80),
    mixed_auxiliary='off',
    teacher_mode='eval')
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99, when='after')]
# As released by U2PL: the teacher is the student in the whole first epoch.
# Configs of these cells choose it by `custom_hooks = _base_.released_hooks`.
released_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.99,
        when='after',
        copy_iters='1 epoch')
]
