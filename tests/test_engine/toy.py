"""A run of a few iterations on random batches, through mmengine's runner."""
import copy

import torch
from mmengine.config import ConfigDict
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.structures import PixelData
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from mmseg_fst.datasets.samplers import PairedSampler
from mmseg_fst.engine.hooks import PrepareModelHook
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.registry import HOOKS

NUM_CLASSES = 5
SIZE = 32


class ToyPairs(Dataset):
    """Random pairs; item i depends on i alone."""

    metainfo = dict(
        classes=tuple('abcde'),
        palette=[[50 * i, 10, 200] for i in range(NUM_CLASSES)])
    lengths = dict(labeled=64, unlabeled=64)

    def __len__(self) -> int:
        return 64

    def __getitem__(self, index) -> dict:
        first, second = index.images.values()
        return dict(
            labeled=self._item(first, True),
            unlabeled=self._item(1000 + second, False))

    @staticmethod
    def _item(seed: int, labeled: bool) -> dict:
        generator = torch.Generator().manual_seed(seed)
        image = torch.randint(
            0, 256, (3, SIZE, SIZE), dtype=torch.uint8, generator=generator)
        sample = SegDataSample()
        if labeled:
            # Blocks, so that there is something to learn and to cut out.
            label = torch.randint(
                0, NUM_CLASSES, (1, 4, 4), generator=generator)
            label = label.repeat_interleave(8, 1).repeat_interleave(8, 2)
            label[:, :2] = 255
            sample.gt_sem_seg = PixelData(data=label)
        return dict(inputs=image, data_samples=sample)


class PastedPairs(ToyPairs):
    """Random pairs with a third side, from which classes are copied."""

    lengths = dict(labeled=64, unlabeled=64, paste=64)

    def __getitem__(self, index) -> dict:
        first, second, third = index.images.values()
        return dict(
            labeled=self._item(first, True),
            unlabeled=self._item(1000 + second, False),
            paste=self._item(2000 + third, True))


class AgainPairs(ToyPairs):
    """Random pairs with a second crop of each unlabeled image."""

    def __getitem__(self, index) -> dict:
        pair = super().__getitem__(index)
        again = self._item(2000 + index.images['unlabeled'], False)
        return dict(pair, unlabeled_again=again)


class PartnerPairs(ToyPairs):
    """Random pairs with a third side, whose boxes are pasted."""

    lengths = dict(labeled=64, unlabeled=64, partner=64)

    def __getitem__(self, index) -> dict:
        first, second, third = index.images.values()
        return dict(
            labeled=self._item(first, True),
            unlabeled=self._item(1000 + second, False),
            partner=self._item(1000 + third, False))


class LabeledPairs(ToyPairs):
    """Random pairs whose unlabeled side has pseudo-labels of files."""

    def __getitem__(self, index) -> dict:
        first, second = index.images.values()
        return dict(
            labeled=self._item(first, True),
            unlabeled=self._item(1000 + second, True))


def segmentor_config(dropout: float = 0.1) -> dict:
    """A small encoder-decoder with batch normalization and dropout."""
    norm_cfg = dict(type='BN', requires_grad=True)
    head = dict(
        type='FCNHead',
        num_convs=1,
        channels=8,
        num_classes=NUM_CLASSES,
        dropout_ratio=dropout,
        norm_cfg=norm_cfg,
        align_corners=False,
        loss_decode=dict(type='CrossEntropyLoss'))
    return dict(
        type='EncoderDecoder',
        backbone=dict(
            type='ResNetV1c',
            depth=18,
            stem_channels=4,
            base_channels=4,
            norm_cfg=norm_cfg),
        decode_head=dict(head, in_channels=32, in_index=3),
        auxiliary_head=dict(head, in_channels=16, in_index=2),
        test_cfg=ConfigDict(mode='whole'))


def multi_scale_config(dropout: float = 0.1, **changes) -> dict:
    """A small network of two scales: details of 16 x 16 pixels."""
    norm_cfg = dict(type='BN', requires_grad=True)
    return dict(
        dict(
            type='MultiScaleSegmentor',
            detail_size=(16, 16),
            backbone=dict(
                type='ResNetV1c',
                depth=18,
                stem_channels=4,
                base_channels=4,
                norm_cfg=norm_cfg),
            decode_head=dict(
                type='ScaleAttentionHead',
                head=dict(
                    type='DAFormerHead',
                    in_channels=[4, 8, 16, 32],
                    channels=4,
                    embed_dims=4,
                    dilations=(1, 2),
                    dropout_ratio=dropout,
                    norm_cfg=norm_cfg),
                attention=dict(dilations=()),
                num_classes=NUM_CLASSES,
                loss_decode=dict(type='CrossEntropyLoss')),
            test_cfg=ConfigDict(mode='whole')), **changes)


def model_config(dropout: float = 0.1, **changes) -> dict:
    """A mean teacher; ``changes`` win."""
    return dict(
        dict(
            type='MeanTeacher',
            segmentor=segmentor_config(dropout),
            data_preprocessor=dict(
                type='SelfTrainingDataPreProcessor',
                mean=[128.] * 3,
                std=[60.] * 3,
                size=(SIZE, SIZE)),
            pseudo_labeler=dict(type='ConfidentRatio', threshold=0.2),
            mixer=dict(type='ClassMix'),
            photometric=dict(type='StrongPhotometric')), **changes)


def u2pl_config() -> dict:
    """A model with the method U2PL, on a grid of 8 x 8 pixels."""
    segmentor = segmentor_config()
    segmentor['backbone'].update(strides=(1, 1, 1, 1), dilations=(1, 1, 2, 4))
    return model_config(
        type='U2PL',
        segmentor=segmentor,
        pseudo_labeler=dict(type='Threshold', threshold=0.),
        mixer=dict(type='HalfCutMix'),
        photometric=None,
        pseudo_filter=dict(type='EntropyPercentile', percentile=80, final=100),
        contrast=dict(
            type='ContrastiveMemory', num_anchors=8, threshold=.1),
        mixed_auxiliary='off',
        teacher_mode='eval')


def ael_config(**changes) -> dict:
    """A model with the method AEL, for :class:`PastedPairs`."""
    return model_config(**{
        **dict(
            type='AEL',
            bank=dict(type='ClassConfidence', decay=0.9),
            copy_paste=dict(type='AdaptiveCopyPaste'),
            pseudo_labeler=dict(type='ConfidenceWeight', power=2.),
            mixer=dict(type='AdaptiveCutMix'),
            balanced=dict(type='BalancedCrossEntropy'),
            photometric=None,
            mixed_auxiliary='off'), **changes
    })


def dsbn_config(**changes) -> dict:
    """A model with the method DSBN, for :class:`LabeledPairs`."""
    config = model_config(**{
        **dict(
            type='DSBN',
            mixer=dict(type='NoMix'),
            photometric=dict(type='RandAugment'),
            correction=dict(type='SelfCorrectionLoss')), **changes
    })
    del config['pseudo_labeler']
    return config


def reco_config(**changes) -> dict:
    """A model with the method ReCo, on a grid of 8 x 8 pixels."""
    segmentor = segmentor_config()
    segmentor['backbone'].update(strides=(1, 1, 1, 1), dilations=(1, 1, 2, 4))
    return model_config(**{**dict(
        type='ReCo',
        segmentor=segmentor,
        pseudo_labeler=dict(type='ConfidenceWeight'),
        mixer=dict(type='UnlabeledClassMix'),
        projection=dict(type='PixelProjection', channels=6),
        # Untrained, no pixel is sure.
        contrast=dict(type='RegionContrast', num_queries=8, num_negatives=5,
                      weak_threshold=0., strong_threshold=.3)), **changes})


def prev_match_config(**changes) -> dict:
    """A model with the method PrevMatch."""
    return model_config(**{**dict(
        type='PrevMatch', capacity=2, most=2,
        pseudo_labeler=dict(type='Threshold', threshold=.2),
        previous_labeler=dict(type='Threshold', threshold=.2),
        mixer=dict(type='CutMix'),
        perturbation=dict(type='ChannelDropout')), **changes})


def all_spark_config(**changes) -> dict:
    """A model with the method AllSpark, on a grid of 8 x 8 pixels."""
    segmentor = reco_config()['segmentor']
    segmentor['neck'] = dict(
        type='AllSparkNeck', in_channels=32, num_classes=NUM_CLASSES,
        size=(8, 8))
    return model_config(**{**dict(
        type='AllSpark', segmentor=segmentor, mixer=None,
        pseudo_labeler=dict(type='Threshold', threshold=0.)), **changes})


def corr_match_config(**changes) -> dict:
    """A model with the method CorrMatch, on a grid of 8 x 8 pixels."""
    return model_config(**{**dict(
        type='CorrMatch', segmentor=reco_config()['segmentor'],
        pseudo_labeler=dict(type='ConfidenceWeight'),
        mixer=dict(type='CutMix'),
        perturbation=dict(type='ChannelDropout'),
        correlation=dict(type='CorrelationHead', channels=6),
        confidence_threshold=dict(
            type='ConfidenceThreshold', start=.2, decay=.9)), **changes})


def gray_teacher(image: torch.Tensor) -> torch.Tensor:
    """Probabilities that depend on the mean of the channels of a pixel."""
    steps = torch.arange(NUM_CLASSES, device=image.device).view(1, -1, 1, 1)
    return (image.mean(1, keepdim=True) * steps).softmax(1)


@HOOKS.register_module(force=True)  # test folders import this file, too
class ToyTeachersHook(Hook):
    """Give a model a function as its teacher."""

    def before_train(self, runner):
        unwrap(runner).frozen_teachers = [gray_teacher]


def distill_config(**changes) -> dict:
    """A model with the method Distill, for :class:`ToyTeachersHook`."""
    return model_config(**{**dict(
        type='Distill', teachers=['toy'], temperature=2., pseudo_labeler=None,
        mixer=None), **changes})


def ctt_config(**changes) -> dict:
    """A model with the method CTT, on a grid of 8 x 8 pixels."""
    network = reco_config()['segmentor']
    config = model_config(**{**dict(
        type='CTT',
        students=dict(left=network, right=copy.deepcopy(network)),
        pseudo_labeler=dict(type='ConfidentRatio', threshold=.2),
        mixer=None,
        contrast=dict(type='CrossBankContrast', capacity=2, per_step=2,
                      min_score=0., threshold=.3)), **changes})
    del config['segmentor']
    return config


def cac_config(**changes) -> dict:
    """A model with the method CAC; crops of 32 pixels, on 4 x 4 positions."""
    return model_config(**{**dict(
        type='CAC', segmentor=reco_config()['segmentor'],
        pseudo_labeler=None, mixer=None, pooling=2, stride=8,
        projection=dict(type='PixelProjection', channels=6, normalize=True),
        contrast=dict(type='DirectionalContrast', num_keys=10,
                      threshold=0.)), **changes})


class ToyCrops(ToyPairs):
    """Random pairs whose unlabeled images are two crops."""

    @staticmethod
    def _item(seed: int, labeled: bool) -> dict:
        item = ToyPairs._item(seed, labeled)
        if not labeled:
            other = ToyPairs._item(seed + 5000, False)['inputs']
            item['inputs'] = torch.cat([item['inputs'], other], dim=1)
            item['data_samples'].set_metainfo(dict(
                img_shape=(2 * SIZE, SIZE),
                overlaps=((0, 8, 32, 32), (0, 0, 32, 24)),
                flips=(False, seed % 2 == 0)))
        return item


def co_training_config(**changes) -> dict:
    """Two students of different width that label for one another."""
    wide = segmentor_config()
    wide['decode_head'].update(channels=12)
    config = model_config(
        type='CoTraining',
        students=dict(narrow=segmentor_config(), wide=wide),
        pseudo_labeler=dict(type='Threshold', threshold=0.),
        mixer=dict(type='CutMix', source='other'))
    del config['segmentor']
    return {**config, **changes}


def gct_config(**changes) -> dict:
    """Two networks and a flaw detector."""
    return dict(
        dict(
            type='GCT',
            students=dict(left=segmentor_config(), right=segmentor_config()),
            flaw_detector=dict(type='FlawDetector', channels=4, halvings=2),
            data_preprocessor=model_config()['data_preprocessor']), **changes)


def eln_config(**changes) -> dict:
    """A mean teacher with an error localizer, on a grid of 8 x 8 pixels."""
    segmentor = segmentor_config(dropout=0.)
    segmentor['backbone'].update(strides=(1, 1, 1, 1), dilations=(1, 1, 2, 4))
    return dict(
        dict(
            type='ELN',
            segmentor=segmentor,
            localizer=dict(type='ErrorLocalizer', network=segmentor),
            contrast=dict(type='CropContrast', num_crops=2, crop_size=6),
            factors=(1., 1.5),
            data_preprocessor=model_config()['data_preprocessor'],
            photometric=dict(type='StrongPhotometric')), **changes)


def cct_config(**changes) -> dict:
    """CCT with one auxiliary decoder of each kind."""
    config = model_config(
        type='CCT',
        photometric=None,
        ramp_iters=2,
        perturbations=[
            (1, dict(type='VirtualAdversarial')),
            (1, dict(type='ChannelDropout')),
            (1, dict(type='GuidedCutout', min_contour=0)),
            (1, dict(type='ContextMask')), (1, dict(type='ObjectMask')),
            (1, dict(type='AttentionDropout')),
            (1, dict(type='FeatureNoise'))
        ],
        loss_weights=dict(unlabeled=30.))
    for key in ('pseudo_labeler', 'mixer'):
        del config[key]
    return {**config, **changes}


def ps_mt_config(**changes) -> dict:
    """PS-MT whose teachers change places every other iteration."""
    return model_config(**{
        **dict(
            type='PSMT',
            photometric=None,
            pseudo_labeler=dict(type='ConfidenceWeight', threshold=0.),
            mixer=dict(type='BetaCutMix'),
            perturbation=dict(type='VirtualAdversarial'),
            turn_iters=2), **changes})


def make_runner(work_dir,
                hooks: list,
                optimizer: dict,
                max_iters: int = 5,
                seed: int = 0,
                **changes) -> Runner:
    """A runner on toy data, with random numbers fixed by ``seed``."""
    config = dict(
        model=model_config(),
        train_dataloader=dict(
            batch_size=2,
            num_workers=0,
            dataset=ToyPairs(),
            sampler=dict(type=PairedSampler, seed=seed)),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        optim_wrapper=dict(type='OptimWrapper', optimizer=optimizer),
        custom_hooks=hooks,
        default_hooks=dict(
            checkpoint=dict(
                type='CheckpointHook', by_epoch=False, interval=1000),
            logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        randomness=dict(seed=seed),
        experiment_name=f'toy_{id(hooks)}_{torch.rand(1).item()}')
    config.update(changes)
    runner = Runner(work_dir=str(work_dir), **copy.deepcopy(config))
    runner.register_hook(PrepareModelHook())  # as every run has it
    return runner


def prepare(runner: Runner) -> dict:
    """Bring a runner to the point before its first iteration.

    Returns:
        dict: The first batch.
    """
    runner._train_loop = runner.build_train_loop(runner._train_loop)
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    runner.optim_wrapper.initialize_count_status(runner.model, 0, 1000)
    runner._init_model_weights()
    runner.call_hook('before_train')
    runner.call_hook('before_train_epoch')
    runner.model.train()
    return next(runner.train_loop.dataloader_iterator)


def state(runner: Runner) -> dict[str, torch.Tensor]:
    """A copy of all weights and buffers."""
    return {
        name: value.clone()
        for name, value in runner.model.state_dict().items()
    }


def trained(work_dir, hook: dict, optimizer: dict, **changes):
    """State after a run with this hook."""
    runner = make_runner(work_dir, [hook], optimizer, **changes)
    runner.train()
    return state(runner), runner


def assert_equal(first: dict, second: dict) -> None:
    """Compare two states bit for bit."""
    assert first.keys() == second.keys()
    for name in first:
        assert torch.equal(first[name], second[name]), name


def everything(runner) -> dict:
    """All that a training step changes, except the teacher."""
    student = runner.model.student
    return copy.deepcopy(
        dict(
            weights=student.state_dict(),
            gradients=[weight.grad for weight in student.parameters()],
            optimizer=runner.optim_wrapper.state_dict(),
            count=runner.optim_wrapper._inner_count,
            rng=torch.get_rng_state()))


def assert_same(first, second, where: str = '') -> None:
    """Compare nested structures bit for bit."""
    assert type(first) is type(second), where
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second), where
    elif isinstance(first, dict):
        assert first.keys() == second.keys(), where
        for key in first:
            assert_same(first[key], second[key], f'{where}.{key}')
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second), where
        for index, pair in enumerate(zip(first, second)):
            assert_same(*pair, f'{where}[{index}]')
    else:
        assert first == second, where
