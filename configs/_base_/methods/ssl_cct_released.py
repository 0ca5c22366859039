# CCT as in its release, whose adversarial noise is close to zero, see
# VirtualAdversarial.
_base_ = './ssl_cct.py'
model = dict(perturbations=[
    (2, dict(type='VirtualAdversarial', xi=1e-6, eps=2.0)),
    *_base_.model.perturbations[1:]
])
