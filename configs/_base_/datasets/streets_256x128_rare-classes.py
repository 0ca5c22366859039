# Images that show a pole, a sign, a person or a bicycle come more often.
_base_ = './streets_256x128.py'
train_dataloader = dict(
    dataset=dict(
        rare_class_sampling=dict(
            stats=f'{_base_.source_root}/class_stats_train.json',
            # The share of classes here is less skewed than in Cityscapes,
            # images are 64 times smaller.
            temperature=0.1,
            min_pixels=100)))
