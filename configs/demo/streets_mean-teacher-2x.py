# As many training steps as FST (K = 1) takes in all.
_base_ = './streets_mean-teacher.py'
train_cfg = dict(max_iters=1000, val_interval=200)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=1.0,
        begin=30,
        end=1000,
        by_epoch=False)
]
