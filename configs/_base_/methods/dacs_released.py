# DACS (Tranheden et al., WACV 2021) as a baseline of DAFormer and FST.
_base_ = './daformer_released.py'
model = dict(
    pseudo_labeler=dict(ignore_top=0, ignore_bottom=0), regularizer=None)
custom_hooks = [dict(type='MeanTeacherHook', decay=0.99)]
