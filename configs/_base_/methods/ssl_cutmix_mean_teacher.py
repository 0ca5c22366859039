# The mean teacher whose student is trained on unlabeled images mixed by boxes
# of half the area (French et al., BMVC 2020, as in U2PL and FST).
_base_ = './ssl_mean_teacher.py'
model = dict(mixer=dict(type='HalfCutMix'))
