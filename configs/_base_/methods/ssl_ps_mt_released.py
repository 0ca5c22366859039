# PS-MT as in its release: of the teacher whose turn it is not, the best seven
# classes of a pixel count, and the noise on features is close to zero, see
# VirtualAdversarial.
_base_ = './ssl_ps_mt.py'
model = dict(assist_classes=7, perturbation=dict(xi=1e-6))
