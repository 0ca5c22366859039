# DAFormer's and FST's schedule: AdamW, 40k iterations, the head ten times as
# fast as the encoder.
max_iters = 40000
warmup_iters = 1500
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=max_iters, val_interval=2000)
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='FewGroupsConstructor',
    optimizer=dict(
        type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01,
        fused=True),
    paramwise_cfg=dict(
        custom_keys={
            'head': dict(lr_mult=10.0),
            # No decay of the normalization of MiT and Swin, whatever its
            # name: the last one of each stage of MiT is the stage's third
            # module. (BEiT's `ln1` and `ln2` decay, as in the release.)
            'norm': dict(decay_mult=0.0),
            'backbone.layers.0.2.': dict(decay_mult=0.0),
            'backbone.layers.1.2.': dict(decay_mult=0.0),
            'backbone.layers.2.2.': dict(decay_mult=0.0),
            'backbone.layers.3.2.': dict(decay_mult=0.0)
        }))
# The warm-up scales the learning rate of the poly rule, as in mmcv 1.x;
# mmengine reaches the end one iteration before `end`.
poly = dict(
    type='PolyLR',
    eta_min=0.0,
    power=1.0,
    begin=0,
    end=max_iters + 1,
    by_epoch=False)
warmup = dict(
    type='LinearLR',
    start_factor=1e-6,
    begin=0,
    end=warmup_iters + 1,
    by_epoch=False)
param_scheduler = [poly, warmup]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=2000,
        max_keep_ckpts=1,
        save_best='student/mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_statistics=dict(type='SyncStatisticsHook'),
    mix_visualization=dict(type='MixVisualizationHook', interval=1000),
    results=dict(type='ResultsHook'))
