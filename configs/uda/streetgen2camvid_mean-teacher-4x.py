# As many training steps as FST-D (K = 3) and FST-W (N = 3) take in all.
_base_ = './streetgen2camvid_mean-teacher.py'
train_cfg = dict(max_iters=400, val_interval=200)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=1.0,
        begin=10,
        end=400,
        by_epoch=False)
]
