"""Toy runs of every method, to be trained in several processes."""
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from torch import distributed

from mmseg_fst.apis import prepare_processes
from mmseg_fst.engine.hooks import SyncStatisticsHook
from mmseg_fst.engine.networks import unwrap
from mmseg_fst.models import AdaptiveCutMix, ClassMix, CutMix, MultiBoxMix
from mmseg_fst.registry import MODELS

from .toy import (
    SIZE,
    AgainPairs,
    BudgetPairs,
    LabeledPairs,
    PartnerPairs,
    PastedPairs,
    ToyCrops,
    ToyPairs,
    ael_config,
    all_spark_config,
    cac_config,
    cct_config,
    co_training_config,
    corr_match_config,
    ctt_config,
    distill_config,
    dsbn_config,
    eln_config,
    gct_config,
    make_runner,
    model_config,
    multi_scale_config,
    prev_match_config,
    ps_mt_config,
    reco_config,
    segmentor_config,
    u2pl_config,
)

MAX_ITERS = 3
NORM = dict(type='GN', num_groups=2, requires_grad=True)
EMA = dict(type='MeanTeacherHook')
AHEAD = dict(type='FSTHook', depth=1)
AHEAD_AFTER = dict(type='FSTHook', depth=1, when='after')
EARLIER = dict(type='PreviousStudentsHook', interval=1)
# Why two processes differ from one: see `differs` of `Case`.
STATISTICS = 'batch normalization of each process uses its own images'
REGIONS = 'contrasts sampled pixels of the images of the process'


# Mixers whose masks do not depend on how the batch is shared out.


@MODELS.register_module()
class FixedClassMix(ClassMix):
    """Paste the classes of even number."""

    def sample_mask(self, label_labeled):
        return label_labeled % 2 == 0


@MODELS.register_module()
class FixedCutMix(CutMix):
    """Paste the same box onto all images."""

    def sample_boxes(self, count, height, width):
        box = torch.tensor((0, height // 4, width // 2, height))
        return box.expand(count, 4)


@MODELS.register_module()
class FixedMultiBoxMix(MultiBoxMix):
    """Paste the same boxes onto all images."""

    def sample_boxes(self, count, height, width):
        box = torch.tensor((0, height // 4, width // 2, height))
        return box.expand(count, 1, 4)


@MODELS.register_module()
class NoAdaptiveMix(AdaptiveCutMix):
    """Paste nothing: other images of the batch are not in all processes."""

    def plan(self, label, confidence):
        return torch.zeros(len(label), 4).long(), torch.arange(len(label))


def fixed(config: dict, **changes: Any) -> dict:
    """A config without random numbers and batch normalization.

    Args:
        config (dict): Config of a model.
        **changes (Any): What else differs, such as a mixer.

    Returns:
        dict: Config of a model.
    """
    def without(node: Any) -> Any:
        if not isinstance(node, dict):
            return node
        replaced = {key: without(value) for key, value in node.items()}
        return {**replaced,
                **{key: value for key, value in (
                    ('norm_cfg', NORM), ('dropout_ratio', 0.))
                   if key in node}}

    return without({**config, 'photometric': None, **changes})


def mean_teacher(**changes: Any) -> dict:
    """A mean teacher with all that is counted over all processes."""
    return fixed(model_config(
        mixer=dict(type='FixedClassMix'),
        regularizer=dict(
            type='FeatureDistance', classes=[1, 3], loss_weight=0.1),
        **changes))


def labels_only() -> dict:
    """Learning from labels."""
    return fixed(model_config(
        type='Supervised', pseudo_labeler=None, mixer=None))


def retraining() -> dict:
    """ST++ in a later stage."""
    return fixed(model_config(
        type='STPlusPlus', pseudo_labeler=None, mixer=dict(type='NoMix')))


def strong_views(kind: str, **changes: Any) -> dict:
    """FixMatch or a method that is built on it."""
    return fixed(model_config(
        type=kind,
        paste='again',
        pseudo_labeler=dict(type='Threshold', threshold=.2),
        mixer=dict(type='FixedCutMix'),
        **changes))


def students(count: int = 2) -> dict[str, dict]:
    """Students of different widths."""
    networks = {}
    for index, name in enumerate(('narrow', 'wide', 'widest')[:count]):
        networks[name] = segmentor_config()
        networks[name]['decode_head']['channels'] = 8 + 4 * index
    return networks


def co_training(count: int = 2, **changes: Any) -> dict:
    """Co-training, whose losses are means over all pixels."""
    return fixed(co_training_config(
        students=students(count), mixer=dict(type='NoMix')), **changes)


def cps(**changes: Any) -> dict:
    """CPS, likewise."""
    config = co_training(type='CPS')
    del config['mixer']
    return {**config, **changes}


def reco_with_little_contrast() -> dict:
    """ReCo whose contrast is too small to matter."""
    config = fixed(reco_config(), mixer=dict(type='NoMix'))
    config['contrast'].update(loss_weight=1e-6)
    return config


def eln_with_little_contrast() -> dict:
    """ELN whose losses that are not means over pixels are likewise small."""
    return fixed(eln_config(loss_weights=dict.fromkeys(
        ('decoders', 'localizer', 'contrast'), 1e-6)))


def all_spark() -> dict:
    """AllSpark without dropout in its attention."""
    config = fixed(all_spark_config())
    config['segmentor']['neck']['dropout'] = 0.
    return config


def released_u2pl() -> dict:
    """U2PL as its authors have released it."""
    model = u2pl_config()
    model.update(warmup_iters=1, teacher_dropout=True, teacher_start='own')
    model['contrast'].update(match_release=True)
    return model


@dataclass(frozen=True)
class Case:
    """What is trained.

    Attributes:
        model (Callable): Returns the config of the model.
        hook (dict, optional): Config of the hook of the method.
        data (type): Class of the training data.
        differs (str): Why two processes cannot equal one, which trains the
            same images; they must equal one another. Empty if they equal one.
    """
    model: Callable[[], dict]
    hook: Optional[dict] = None
    data: type = ToyPairs
    differs: str = ''


#: Two processes of two images must equal one of four, unless `differs`: for
#: that a model is `fixed` and its losses are means over the same number of
#: pixels in each process.
CASES = {
    'supervised': Case(labels_only),
    'mean_teacher': Case(mean_teacher, EMA),
    'fst_depth': Case(mean_teacher, dict(type='FSTHook', depth=3)),
    'fst_depth_without_reuse': Case(
        mean_teacher, dict(type='FSTHook', depth=3, reuse=False)),
    'fst_all': Case(mean_teacher, dict(AHEAD, restore='all')),
    'fst_new_mix': Case(mean_teacher, dict(
        type='FSTHook', depth=2, restore='all', resample_mix=True)),
    'fst_same_mix': Case(mean_teacher, dict(
        type='FSTHook', depth=2, restore='all', resample_mix=False)),
    'fst_width': Case(mean_teacher, dict(type='WideFSTHook', width=3)),
    'label_budget': Case(mean_teacher, AHEAD, BudgetPairs),
    # Batch normalization, ClassMix, jitter, dropout: as in a real run.
    'fst_random': Case(
        model_config, AHEAD,
        differs=f'random numbers differ; {STATISTICS}'),
    'hrda': Case(lambda: mean_teacher(
        segmentor=multi_scale_config(detail_size=(SIZE, SIZE))), AHEAD),
    'mic': Case(lambda: mean_teacher(
        type='MIC', mask=dict(type='BlockMask', ratio=0.)), EMA),
    'mic_both': Case(lambda: mean_teacher(
        type='MIC', mask=dict(type='BlockMask', ratio=0.),
        masked_images='both'), EMA,
        differs='masks the first half of the images of the process'),
    'masked_cutmix': Case(lambda: fixed(model_config(
        type='CutMixMeanTeacher', mixer=dict(type='NoMix'),
        pseudo_filter=None, masked_consistency=dict(
            type='MaskedPass', mask=dict(type='BlockMask', ratio=0.)))),
        AHEAD_AFTER),
    'vfm_uda': Case(lambda: mean_teacher(
        type='VFMUDA', mask=dict(type='BlockMask', ratio=0.),
        weak=dict(type='StrongPhotometric', jitter_prob=0., blur_prob=0.)),
        EMA),
    'cutmix_mean_teacher': Case(lambda: fixed(model_config(
        type='CutMixMeanTeacher', mixer=dict(type='NoMix'),
        pseudo_filter=None)), AHEAD_AFTER),
    'u2pl': Case(u2pl_config, AHEAD_AFTER, differs=(
        'drops a share of the pixels of the process, and '
        f'{REGIONS}; {STATISTICS}')),
    'u2pl_released': Case(released_u2pl, AHEAD_AFTER,
                          differs='see u2pl'),
    'ael': Case(lambda: fixed(ael_config(
        # One class is left to paste, and all pixels have the same weight.
        copy_paste=dict(type='AdaptiveCopyPaste', prob=1.,
                        excluded=[0, 1, 2, 3]),
        mixer=dict(type='NoAdaptiveMix'),
        pseudo_labeler=dict(type='ConfidenceWeight', power=0.),
        balanced=dict(type='BalancedCrossEntropy', power=0.))),
        AHEAD_AFTER, PastedPairs),
    'ael_random': Case(ael_config, AHEAD_AFTER, PastedPairs, differs=(
        'divides by the weights of the pixels of the process; '
        f'{STATISTICS}')),
    'fixmatch': Case(lambda: strong_views('FixMatch'), data=AgainPairs),
    'unimatch': Case(lambda: strong_views(
        'UniMatch', perturbation=dict(type='ChannelDropout', prob=0.)),
        data=AgainPairs),
    'unimatch_v2': Case(lambda: fixed(model_config(
        type='UniMatchV2',
        pseudo_labeler=dict(type='Threshold', threshold=.2),
        mixer=dict(type='NoMix'),
        perturbation=dict(type='ComplementaryDropout', kept_share=1.))),
        AHEAD_AFTER),
    # One copy, so that there is one ensemble.
    'prevmatch': Case(lambda: strong_views(
        'PrevMatch', capacity=1, most=1,
        previous_labeler=dict(type='Threshold', threshold=.2),
        perturbation=dict(type='ChannelDropout', prob=0.)),
        EARLIER, AgainPairs),
    'prevmatch_random': Case(prev_match_config, EARLIER, differs=(
        f'each process samples its own ensemble; {STATISTICS}')),
    'co_training': Case(co_training),
    'co_training_ahead': Case(
        lambda: co_training(label_with='future'),
        dict(type='SelfLookAheadHook', depth=1)),
    'co_training_released': Case(lambda: co_training(
        3, type='ReleasedCoTraining', selected_by_id=dict(wide='narrow'),
        pseudo_labeler=dict(type='Threshold', threshold=.2))),
    'cps': Case(cps),
    'cps_cutmix': Case(lambda: cps(
        type='CutMixCPS', mixer=dict(type='FixedMultiBoxMix')),
        data=PartnerPairs),
    'gct': Case(lambda: fixed(gct_config(
        students=students(), flaw_detector=dict(
            type='FlawDetector', channels=4, halvings=2, norm_cfg=NORM)))),
    # An average labels, and perturbations are fixed.
    'cct': Case(lambda: fixed(cct_config(
        label_with='teacher',
        perturbations=[(1, dict(type='ContextMask')),
                       (2, dict(type='ObjectMask'))])), AHEAD),
    # The noise, which is random, is too small to matter.
    'ps_mt': Case(lambda: fixed(ps_mt_config(
        mixer=dict(type='NoMix'), turn_iters=1,
        perturbation=dict(type='VirtualAdversarial', eps=1e-9))),
        dict(AHEAD, buffers='average')),
    'ctt': Case(ctt_config, AHEAD_AFTER, differs=(
        'averages over the classes of the process; ' + STATISTICS)),
    'ctt_labels': Case(
        lambda: fixed(ctt_config(), contrast=None), AHEAD_AFTER),
    'reco': Case(reco_config, AHEAD_AFTER,
                 differs=f'{REGIONS}; {STATISTICS}'),
    'reco_labels': Case(reco_with_little_contrast, AHEAD_AFTER),
    'cac': Case(cac_config, data=ToyCrops, differs=(
        f'averages over the sure pixels of the process; {STATISTICS}')),
    # Each parameter has a gradient in each phase, else it would fail.
    'eln': Case(lambda: eln_config(warmup_iters=1), EMA, differs=(
        'balances right and wrong pixels of the process; ' + STATISTICS)),
    'eln_labels': Case(eln_with_little_contrast, EMA),
    'dsbn': Case(dsbn_config, data=LabeledPairs, differs=STATISTICS),
    'allspark': Case(all_spark),
    'corrmatch': Case(corr_match_config, differs=(
        f'each process samples its own regions; {STATISTICS}')),
    'distill': Case(lambda: fixed(distill_config()),
                    dict(type='ToyTeachersHook')),
    'stpp': Case(retraining, data=LabeledPairs),
}


class Recorder(Hook):
    """Records the first state and what the steps log."""

    def __init__(self) -> None:
        self.start: dict[str, torch.Tensor] = {}
        self.logged: list[dict[str, float]] = []

    def before_train(self, runner):
        self.start = {
            name: value.clone()
            for name, value in unwrap(runner).state_dict().items()
        }

    def after_train_iter(self, runner, batch_idx, data_batch=None,
                         outputs=None):
        self.logged.append(
            {name: float(torch.as_tensor(value).detach())
             for name, value in outputs.items()})


def train_case(name: str, images: int, folder: Path) -> dict:
    """Train a case in one of several processes, which are joined.

    Args:
        name (str): Key of ``CASES``.
        images (int): Number of images of each side in this process.
        folder (Path): Where to write.

    Returns:
        dict: The states at the ``start`` and at the ``end``, what the steps
        ``logged``, and the ``mask`` of the last mixed images.
    """
    case = CASES[name]
    init_default_scope('mmseg_fst')
    cfg = Config(dict(launcher='pytorch'))
    prepare_processes(cfg)
    runner = make_runner(
        folder,
        [case.hook] if case.hook else [],
        dict(type='SGD', lr=0.1, momentum=0.9),
        max_iters=MAX_ITERS,
        launcher='pytorch',
        cfg=cfg,
        model=case.model(),
        randomness=dict(seed=0, diff_rank_seed=True),
        train_dataloader=dict(
            batch_size=images,
            num_workers=0,
            dataset=case.data(),
            sampler=dict(type='PairedSampler', seed=0,
                         batch_sizes=case.data.batch_sizes(images))))
    recorder = Recorder()
    runner.register_hook(SyncStatisticsHook())
    runner.register_hook(recorder, priority='LOWEST')
    runner.train()
    model = unwrap(runner)
    return dict(
        start=recorder.start,
        end=model.state_dict(),
        logged=recorder.logged,
        mask=getattr(model.mixed, 'mask', None))


def fail_in_second() -> None:
    """Fail in the second process, for which the first one waits."""
    if distributed.get_rank() == 1:
        raise ArithmeticError('of the second')
    distributed.all_reduce(torch.zeros(1))
