# ELN on Pascal VOC: of 500 epochs of 266 iterations, whatever the number of
# images: 70 on labels, 50 of the localizer, and 380 with unlabeled images. The
# learning rate is constant.
train_cfg = dict(
    type='IterBasedTrainLoop', max_iters=500 * 266, val_interval=10 * 266)
optim_wrapper = dict(
    type='AutocastOptimWrapper',
    constructor='FewGroupsConstructor',
    optimizer=dict(type='AdamW', lr=1e-4, weight_decay=1e-5),
    paramwise_cfg=dict(custom_keys=dict(backbone=dict(lr_mult=0.1))))
param_scheduler = [
    dict(
        type='ConstantLR', factor=1.0, by_epoch=False, begin=0,
        end=500 * 266)
]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        interval=10 * 266,
        max_keep_ckpts=1,
        save_best='teacher/mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_statistics=dict(type='SyncStatisticsHook'),
    results=dict(type='ResultsHook'))
