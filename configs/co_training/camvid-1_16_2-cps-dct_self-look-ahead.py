# An experiment of this repository: labels come from the students one step
# ahead.
_base_ = './camvid-1_16_2-cps-dct.py'
model = dict(label_with='future')
custom_hooks = [dict(type='SelfLookAheadHook', depth=1)]
