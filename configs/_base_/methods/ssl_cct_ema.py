# CCT whose auxiliary decoders imitate the moving average of the student: a
# variant of this project, to which FST applies.
_base_ = './ssl_cct.py'
model = dict(label_with='teacher', teacher_mode='eval')
custom_hooks = [
    dict(type='MeanTeacherHook', decay=0.996, buffers='copy', when='after')
]
