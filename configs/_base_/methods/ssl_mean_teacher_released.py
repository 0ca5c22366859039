# As released: the teacher is the student in the whole first epoch.
_base_ = './ssl_mean_teacher.py'
custom_hooks = [
    dict(
        type='MeanTeacherHook',
        decay=0.99,
        when='after',
        copy_iters='1 epoch')
]
