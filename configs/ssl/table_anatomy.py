# What FST gains, and what it is made of: a sixteenth of the labels of Clothing
# Co-Parsing. --seeds 0 1 2
_base_ = '../_base_/anatomy_rows.py'
title = 'What FST is made of, Clothing Co-Parsing 1/16'
_changes = {
    '': {},
    'batch': {'train_dataloader.batch_size': 8},
    'long': {
        'train_cfg.max_iters': 1200, 'train_cfg.val_interval': 400,
        'default_hooks.checkpoint.interval': 400,
        'param_scheduler.1.end': 1200},
    # As many updates of the student as without it.
    'accumulate': {
        'train_cfg.max_iters': 1200, 'train_cfg.val_interval': 400,
        'default_hooks.checkpoint.interval': 400,
        'param_scheduler.0.end': 40, 'param_scheduler.1.begin': 40,
        'param_scheduler.1.end': 1200,
        'optim_wrapper.accumulative_counts': 4},
    'sgd': {
        'optim_wrapper.optimizer': dict(
            _delete_=True, type='SGD', lr=0.005, momentum=0.9,
            weight_decay=1e-4)},
}
# The mean teacher moves behind the step here; these hooks move it before.
_before = ('WideFSTHook', 'ExtrapolationHook', 'MomentLookAheadHook')
configs = ['ccp-1_16_supervised.py'] + [
    dict(
        config='ccp-1_16_mean-teacher.py',
        name=name,
        options={
            'custom_hooks': [
                dict(dict(decay=0.99), **hook) if hook.type in _before else
                dict(dict(decay=0.99, when='after'), **hook)
            ],
            **_changes[change]
        }) for name, hook, change in _base_.rows
]
