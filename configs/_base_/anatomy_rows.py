# Rows of the tables of docs/what_fst_gains.md, the most telling ones first:
# (name, hook, change). A grid adds the decay to hooks without one, and says
# what each change is on its data.
_fst = dict(type='FSTHook', depth=3)
_mean = dict(
    average_gradients=True, restore=['weights', 'optimizer', 'buffers'])
rows = [
    # Controls of equal computation, and a faster average.
    ('decay-99', dict(type='MeanTeacherHook'), ''),
    ('decay-961', dict(type='MeanTeacherHook', decay=0.961), ''),
    ('batch-4x', dict(type='MeanTeacherHook'), 'batch'),
    ('iterations-4x', dict(type='MeanTeacherHook'), 'long'),
    ('accumulate-4', dict(type='MeanTeacherHook'), 'accumulate'),
    # FST-D as released, all restored, and the mean gradient.
    ('fst-k3', _fst, ''),
    ('fst-k3-all', dict(_fst, restore='all'), ''),
    ('fst-k3-mean', dict(_fst, **_mean), ''),
    # What is restored, part by part.
    ('fst-k3-optimizer', dict(_fst, restore=['weights', 'optimizer']), ''),
    ('fst-k3-buffers', dict(_fst, restore=['weights', 'buffers']), ''),
    ('fst-k3-random', dict(_fst, restore=['weights', 'random']), ''),
    ('fst-k3-no-optimizer',
     dict(_fst, restore=['weights', 'buffers', 'random']), ''),
    ('fst-k3-no-buffers',
     dict(_fst, restore=['weights', 'optimizer', 'random']), ''),
    ('fst-k3-no-random',
     dict(_fst, restore=['weights', 'optimizer', 'buffers']), ''),
    ('fst-k3-nothing', dict(_fst, restore=[]), ''),
    # Depth and width.
    ('fst-k1', dict(_fst, depth=1), ''),
    ('fst-k2', dict(_fst, depth=2), ''),
    ('fst-k5', dict(_fst, depth=5), ''),
    ('fst-k1-all', dict(_fst, depth=1, restore='all'), ''),
    ('fst-w3', dict(type='WideFSTHook', width=3), ''),
    ('fst-w3-all', dict(type='WideFSTHook', width=3, restore='all'), ''),
    ('fst-k1-mean', dict(_fst, depth=1, **_mean), ''),
    # The future at no price.
    ('extrapolate-k3', dict(type='ExtrapolationHook', depth=3), ''),
    ('extrapolate-k3-x10',
     dict(type='ExtrapolationHook', depth=3, stride=10.), ''),
    ('moments-k1', dict(type='MomentLookAheadHook', depth=1), ''),
    ('moments-k3', dict(type='MomentLookAheadHook', depth=3), ''),
    ('moments-k3-x10',
     dict(type='MomentLookAheadHook', depth=3, stride=10.), ''),
    ('fst-k1-every-20', dict(_fst, depth=1, interval=20), ''),
    ('fst-k3-every-4', dict(_fst, interval=4), ''),
    # Slower averages: .999, its fourth power, and the fourth root of .99.
    ('decay-999', dict(type='MeanTeacherHook', decay=0.999), ''),
    ('decay-996', dict(type='MeanTeacherHook', decay=0.996), ''),
    ('fst-k3-decay-999', dict(_fst, decay=0.999), ''),
    ('fst-k3-decay-9975', dict(_fst, decay=0.9975), ''),
    ('fst-k3-all-decay-9975', dict(_fst, restore='all', decay=0.9975), ''),
    # SGD with momentum.
    ('sgd', dict(type='MeanTeacherHook'), 'sgd'),
    ('sgd-decay-961', dict(type='MeanTeacherHook', decay=0.961), 'sgd'),
    ('sgd-fst-k3', _fst, 'sgd'),
    ('sgd-fst-k3-all', dict(_fst, restore='all'), 'sgd'),
    ('sgd-fst-k3-mean', dict(_fst, **_mean), 'sgd'),
]
