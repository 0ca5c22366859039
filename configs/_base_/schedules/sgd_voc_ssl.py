# FST on Pascal VOC: 40 epochs of the unlabeled images in batches of 16 + 16,
# SGD, the head ten times as fast as the encoder, poly rule.
# Iterations, validation, checkpoints and the end of the poly rule follow from
# the number of images of the partition, as on 4 GPUs. As in the releases of
# U2PL and FST, batch normalization uses the images of all processes.
epochs = dict(count=40, processes=4)
train_cfg = dict(type='IterBasedTrainLoop')
sync_bn = 'torch'
optim_wrapper = dict(
    type='OptimWrapper',
    constructor='FewGroupsConstructor',
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=1e-4),
    paramwise_cfg=dict(custom_keys=dict(head=dict(lr_mult=10.0))))
poly = dict(type='PolyLR', eta_min=0.0, power=0.9, begin=0, by_epoch=False)
param_scheduler = [poly]
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='AtomicCheckpointHook',
        max_keep_ckpts=1,
        save_best='teacher/mIoU',
        rule='greater'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    sync_statistics=dict(type='SyncStatisticsHook'),
    mix_visualization=dict(type='MixVisualizationHook', interval=1000),
    results=dict(type='ResultsHook'))
