# Distillation (Hinton et al. 2015): the student learns from labels and from
# the mean probabilities of finished runs, which are frozen. No teacher
# follows the student, so FST does not apply. A config has to name `teachers`.
# All weights are 1. Temperature 1: each teacher's own probabilities.
model = dict(type='Distill', teachers=[], temperature=1.)
