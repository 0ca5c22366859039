# What every run shares. All names are looked up in mmseg_fst first, then in
# mmseg, mmcv and mmengine.
default_scope = 'mmseg_fst'
custom_imports = dict(imports=['mmseg_fst'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'))
vis_backends = [
    dict(type='LocalVisBackend'),
    dict(type='TensorboardVisBackend')
]
visualizer = dict(type='SegLocalVisualizer', vis_backends=vis_backends)
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
# Each process has its own random numbers: with one seed all would mix and drop
# out alike.
# `deterministic=True` gives the same run again on a GPU, too, and is slower.
randomness = dict(seed=0, diff_rank_seed=True)
# Where a loss or a gradient is not finite: 'stop' or 'skip' that step. The
# check waits for the device once in a step; `non_finite=None` switches it off.
non_finite = dict(action='stop')

val_cfg = dict(type='NetworksValLoop')
test_cfg = dict(type='NetworksTestLoop')
