# No teacher, no pseudo-labels: the source-only baseline and the oracle.
model = dict(type='Supervised')
