# The upper bound: trained on the labels of the target, a little longer than
# source-only training and adaptation together.
_base_ = './streetgen2camvid_source-only.py'
train_cfg = dict(max_iters=750)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=1.0,
        begin=50,
        end=750,
        by_epoch=False)
]
train_dataloader = dict(
    dataset=dict(sides=dict(labeled=dict(data_root=_base_.target_root))))
