# What FST gains, and what it is made of: streetgen -> CamVid, 600 iterations
# from the source-only model: run streetgen2camvid_source-only.py with seed 0
# first. --seeds 0 1 2
_base_ = '../_base_/anatomy_rows.py'
title = 'What FST is made of, streetgen -> CamVid'
_changes = {
    '': {},
    'batch': {'train_dataloader.batch_size': 16},
    'long': {
        'train_cfg.max_iters': 2400, 'train_cfg.val_interval': 600,
        'default_hooks.checkpoint.interval': 600,
        'param_scheduler.1.end': 2400},
    # As many updates of the student as without it.
    'accumulate': {
        'train_cfg.max_iters': 2400, 'train_cfg.val_interval': 600,
        'default_hooks.checkpoint.interval': 600,
        'param_scheduler.0.end': 40, 'param_scheduler.1.begin': 40,
        'param_scheduler.1.end': 2400,
        'optim_wrapper.accumulative_counts': 4},
    'sgd': {
        'optim_wrapper.optimizer': dict(
            _delete_=True, type='SGD', lr=0.005, momentum=0.9,
            weight_decay=1e-4)},
}
configs = [
    dict(
        config='streetgen2camvid_mean-teacher.py',
        name=name,
        options={
            'custom_hooks': [dict(dict(decay=0.99), **hook)],
            'train_cfg.max_iters': 600,
            'train_cfg.val_interval': 150,
            'default_hooks.checkpoint.interval': 150,
            'param_scheduler.1.end': 600,
            **_changes[change]
        }) for name, hook, change in _base_.rows
]
