# The mean teacher with CutMix.
_base_ = './voc_deeplabv3plus_mean-teacher.py'
model = dict(mixer=dict(type='HalfCutMix'))
