# From scratch on a CPU, in minutes.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=500, val_interval=100)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=1e-2, betas=(0.9, 0.999), weight_decay=0.01,
        fused=True))
warmup = dict(
    type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=30)
poly = dict(
    type='PolyLR', eta_min=0.0, power=1.0, begin=30, end=500, by_epoch=False)
param_scheduler = [warmup, poly]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=100,
        max_keep_ckpts=1,
        save_best='student/mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_statistics=dict(type='SyncStatisticsHook'),
    mix_visualization=dict(type='MixVisualizationHook', interval=100),
    pseudo_label_quality=dict(type='PseudoLabelQualityHook', interval=50),
    results=dict(type='ResultsHook'))
