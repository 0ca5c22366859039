# GCT whose networks exchange the predictions of their moving averages, an
# option of this project, with which FST applies.
_base_ = './camvid-1_16_gct.py'
model = dict(judge='teachers', teacher_mode='eval')
custom_hooks = [
    dict(type='MeanTeacherHook', decay=0.99, buffers='copy', when='after')
]
