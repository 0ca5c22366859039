# As many training steps as FST (K = 1) takes in all.
_base_ = './streetgen2camvid_mean-teacher.py'
train_cfg = dict(max_iters=200, val_interval=100)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=1.0,
        begin=10,
        end=200,
        by_epoch=False)
]
