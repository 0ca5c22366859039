# What FST gains, and what it is made of: streets. --seeds 0 1 2 3 4
_base_ = '../_base_/anatomy_rows.py'
title = 'What FST is made of, streets'
_changes = {
    '': {},
    'batch': {'train_dataloader.batch_size': 16},
    'long': {
        'train_cfg.max_iters': 2000, 'train_cfg.val_interval': 400,
        'param_scheduler.1.end': 2000},
    # As many updates of the student as without it.
    'accumulate': {
        'train_cfg.max_iters': 2000, 'train_cfg.val_interval': 400,
        'param_scheduler.0.end': 120, 'param_scheduler.1.begin': 120,
        'param_scheduler.1.end': 2000,
        'optim_wrapper.accumulative_counts': 4},
    'sgd': {
        'optim_wrapper.optimizer': dict(
            _delete_=True, type='SGD', lr=0.05, momentum=0.9,
            weight_decay=1e-4)},
}
configs = [
    dict(
        config='streets_mean-teacher.py',
        name=name,
        options={
            'custom_hooks': [dict(dict(decay=0.99), **hook)],
            # Measures pseudo-labels; hidden from all losses.
            'train_dataloader.dataset.labels_for_diagnosis': 'gtFine/train',
            **_changes[change]
        }) for name, hook, change in _base_.rows
]
