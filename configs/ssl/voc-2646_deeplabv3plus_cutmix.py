# The mean teacher with CutMix.
_base_ = './voc-2646_deeplabv3plus_mean-teacher.py'
model = dict(mixer=dict(type='HalfCutMix'))
