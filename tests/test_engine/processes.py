"""A toy run in one of several processes; started by ``torchrun``.

Usage: processes.py HOOK_AS_JSON IMAGES_PER_PROCESS [METHOD] OUT

METHOD is as-users-do, u2pl, u2pl-released, reco, ctt, cac or co-training.
Without it, and in co-training, nothing is random and nothing depends on the
batch, so that processes can be compared with one.
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
    ToyCrops,
    ToyPairs,
    cac_config,
    co_training_config,
    ctt_config,
    make_runner,
    model_config,
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


def main() -> None:
    """Train three iterations, save what this process ends with."""
    hook, batch_size, *options, out = sys.argv[1:]
    torch.set_num_threads(1)
    init_default_scope('mmseg_fst')
    if options == ['as-users-do']:
        model = model_config()
    elif options == ['u2pl']:
        model = u2pl_config()
    elif options == ['reco']:
        model = reco_config()
    elif options == ['ctt']:
        model = ctt_config()
    elif options == ['cac']:
        model = cac_config()
    elif options == ['co-training']:
        model = comparable_students()
    elif options == ['u2pl-released']:
        model = u2pl_config()
        model.update(warmup_iters=1)
        model['contrast'].update(match_release=True)
    else:
        model = comparable_model()
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
            dataset=ToyCrops() if options == ['cac'] else ToyPairs(),
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
