"""A toy run in one of several processes; started by ``torchrun``.

Usage: processes.py HOOK_AS_JSON IMAGES_PER_PROCESS [METHOD] OUT

METHOD is a key of `MODELS_BY_OPTION`. Without it, and where processes are
compared with one, nothing is random and nothing depends on the batch.
"""
import json
import sys
from pathlib import Path

import torch

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / 'tests')]

from mmengine.config import Config  # noqa: E402
from mmengine.registry import init_default_scope  # noqa: E402

from mmseg_fst.apis import prepare_processes  # noqa: E402
from mmseg_fst.engine.hooks import SyncStatisticsHook  # noqa: E402
from mmseg_fst.models import ClassMix  # noqa: E402
from mmseg_fst.registry import MODELS  # noqa: E402
from tests.test_engine.toy import (  # noqa: E402
    SIZE,
    LabeledPairs,
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


@MODELS.register_module()
class FixedClassMix(ClassMix):
    """ClassMix of the same classes, however the batch is shared out."""

    def sample_mask(self, label_labeled):
        return label_labeled % 2 == 0


def comparable_model() -> dict:
    """A model without random numbers and batch normalization."""
    segmentor = segmentor_config(dropout=0.)
    norm_cfg = dict(type='GN', num_groups=2, requires_grad=True)
    for part in ('backbone', 'decode_head', 'auxiliary_head'):
        segmentor[part]['norm_cfg'] = norm_cfg
    return model_config(
        segmentor=segmentor,
        mixer=dict(type='FixedClassMix'),
        photometric=None,
        regularizer=dict(
            type='FeatureDistance', classes=[1, 3], loss_weight=0.1))


def comparable_students() -> dict:
    """Two students, likewise, whose losses are means over all pixels."""
    students = {}
    for name, channels in (('narrow', 8), ('wide', 12)):
        students[name] = comparable_model()['segmentor']
        students[name]['decode_head']['channels'] = channels
    return co_training_config(
        students=students, mixer=dict(type='NoMix'), photometric=None)


def comparable_networks() -> dict:
    """Two networks and a detector, likewise."""
    students = comparable_students()['students']
    config = gct_config(students=students)
    config['flaw_detector']['norm_cfg'] = dict(type='GN', num_groups=2)
    return config


def comparable_memory() -> dict:
    """AllSpark, likewise."""
    segmentor = comparable_model()['segmentor']
    shape = all_spark_config()['segmentor']
    segmentor['backbone'].update(
        strides=(1, 1, 1, 1), dilations=(1, 1, 2, 4))
    segmentor['neck'] = dict(shape['neck'], dropout=0.)
    return all_spark_config(segmentor=segmentor, photometric=None)


def comparable_decoders() -> dict:
    """CCT with an average that labels, and perturbations that are fixed."""
    return cct_config(
        segmentor=comparable_model()['segmentor'],
        label_with='teacher',
        perturbations=[(1, dict(type='ContextMask')),
                       (2, dict(type='ObjectMask'))])


def comparable_teachers() -> dict:
    """PS-MT whose noise, which is random, is too small to matter."""
    return ps_mt_config(
        segmentor=comparable_model()['segmentor'],
        mixer=dict(type='NoMix'),
        turn_iters=1,
        perturbation=dict(type='VirtualAdversarial', eps=1e-9))


def comparable_scales() -> dict:
    """HRDA, likewise; a detail as large as the image has one place."""
    segmentor = multi_scale_config(dropout=0., detail_size=(SIZE, SIZE))
    norm_cfg = dict(type='GN', num_groups=2, requires_grad=True)
    segmentor['decode_head']['head']['norm_cfg'] = norm_cfg
    segmentor['backbone']['norm_cfg'] = norm_cfg
    return dict(comparable_model(), segmentor=segmentor)


def cps_students() -> dict:
    """CPS, likewise."""
    students = comparable_students()
    students.update(type='CPS')
    del students['mixer']
    return students


def released_u2pl() -> dict:
    """U2PL as its authors have released it."""
    model = u2pl_config()
    model.update(warmup_iters=1, teacher_dropout=True, teacher_start='own')
    model['contrast'].update(match_release=True)
    return model


#: Config of the model by METHOD.
MODELS_BY_OPTION = {
    None: comparable_model,
    'as-users-do': model_config,
    'u2pl': u2pl_config,
    'u2pl-released': released_u2pl,
    'ael': ael_config,
    'dsbn': dsbn_config,
    'co-training': comparable_students,
    'cps': cps_students,
    'eln': lambda: eln_config(warmup_iters=1),
    'gct': comparable_networks,
    'cct': comparable_decoders,
    'ps-mt': comparable_teachers,
    'reco': reco_config,
    'ctt': ctt_config,
    'cac': cac_config,
    'hrda': comparable_scales,
    'prevmatch': prev_match_config,
    'allspark': comparable_memory,
    'corrmatch': corr_match_config,
}
#: Data of methods that need more than two sides.
PAIRS = {'ael': PastedPairs, 'dsbn': LabeledPairs, 'cac': ToyCrops}


def main() -> None:
    """Train three iterations, save what this process ends with."""
    hook, batch_size, *options, out = sys.argv[1:]
    torch.set_num_threads(1)
    init_default_scope('mmseg_fst')
    option, = options or [None]
    model = MODELS_BY_OPTION[option]()
    pairs = PAIRS.get(option, ToyPairs)()
    cfg = Config(dict(launcher='pytorch'))
    prepare_processes(cfg)
    runner = make_runner(
        Path(out) / 'run',
        [hook for hook in [json.loads(hook)] if hook],
        dict(type='SGD', lr=0.1, momentum=0.9),
        max_iters=3,
        launcher='pytorch',
        cfg=cfg,
        model=model,
        randomness=dict(seed=0, diff_rank_seed=True),
        train_dataloader=dict(
            batch_size=int(batch_size),
            num_workers=0,
            dataset=pairs,
            sampler=dict(type='PairedSampler', seed=0)))
    runner.register_hook(SyncStatisticsHook())
    runner.train()
    model = runner.model.module
    torch.save(
        dict(state=model.state_dict(),
             mask=getattr(model.mixed, 'mask', None)),
        Path(out) / f'rank_{runner.rank}.pt')


if __name__ == '__main__':
    main()
