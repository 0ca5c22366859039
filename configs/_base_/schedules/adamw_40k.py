# DAFormer's and FST's schedule: AdamW, 40k iterations, the head ten times as
# fast as the encoder.
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=40000, val_interval=2000)
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(
        type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01),
    paramwise_cfg=dict(
        custom_keys=dict(head=dict(lr_mult=10.0), norm=dict(decay_mult=0.0))))
param_scheduler = [
    dict(
        type='LinearLR',
        start_factor=1e-6,
        by_epoch=False,
        begin=0,
        end=1500),
    dict(
        type='PolyLR',
        eta_min=0.0,
        power=1.0,
        begin=1500,
        end=40000,
        by_epoch=False)
]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='CheckpointHook',
        by_epoch=False,
        interval=2000,
        max_keep_ckpts=1,
        save_best='student/mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    mix_visualization=dict(type='MixVisualizationHook', interval=1000),
    results=dict(type='ResultsHook'))
