# A pretrained encoder on a CPU, in minutes: DAFormer's recipe with a larger
# step and a shorter warm-up.
train_cfg = dict(type='IterBasedTrainLoop', max_iters=600, val_interval=150)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='FewGroupsConstructor',
    optimizer=dict(
        type='AdamW', lr=3e-4, betas=(0.9, 0.999), weight_decay=0.01,
        fused=True),
    # The head starts from scratch, the encoder does not.
    paramwise_cfg=dict(custom_keys={'decode_head': dict(lr_mult=10.0)}))
warmup = dict(
    type='LinearLR', start_factor=1e-3, by_epoch=False, begin=0, end=50)
poly = dict(
    type='PolyLR', eta_min=0.0, power=1.0, begin=50, end=600, by_epoch=False)
param_scheduler = [warmup, poly]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=25, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=150,
        max_keep_ckpts=1,
        save_best='student/mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_statistics=dict(type='SyncStatisticsHook'),
    mix_visualization=dict(type='MixVisualizationHook', interval=50),
    results=dict(type='ResultsHook'))
