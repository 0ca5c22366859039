"""CPS equals the authors' training loop, step by step.

The loop of ``exp.voc/voc8.res50v3+.CPS`` and of ``..CPS+CutMix``
(TorchSemiSeg 5e0c29c). With ``meta.edit`` it was changed to our own rule of
co-training.
"""
import pytest
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope

from mmseg_fst.models import MultiBoxMix
from mmseg_fst.registry import MODELS

from .peer_record import (
    SHARED,
    SHIPPED,
    cell,
    check_loss,
    check_state,
    load,
    records,
    rename_deeplab,
    replay,
    toy_network,
)

CELLS = {name: f'co_training/voc-stpp_512_r50_{name}.py'
         for name in ('cps', 'cps-cutmix')}


@MODELS.register_module()
class RecordedBoxMix(MultiBoxMix):
    """The masks of the record, in its order."""

    def sample_mask(self, count, size):
        return next(self.masks)


def states_of(record, models):
    """States of both networks, by names of mmseg."""
    if record['meta'].get('names') != 'mmseg':
        models = map(rename_deeplab, models)
    return {
        f'{name}.{key}': value
        for name, state in zip(('first', 'second'), models)
        for key, value in state.items()
    }


def sides_of(record):
    """Batches with the second stream of unlabeled images, if it is mixed."""
    streams = record['unlabeled'] if is_mixed(record) else (
        record['unlabeled'][:1])
    for labeled, *others in zip(record['labeled'], *streams):
        yield dict(
            labeled=(labeled['data'], labeled['label']),
            **{name: (other['data'], None)
               for name, other in zip(('unlabeled', 'partner'), others)})


def is_mixed(record):
    return 'mask_params' in record['unlabeled'][0][0]


def config_of(record):
    """The cell, or our own rule, with toy networks."""
    meta = record['meta']
    mixed = is_mixed(record)
    cfg = cell(CELLS['cps-cutmix' if mixed else 'cps'], '1323')
    network = toy_network(meta['nclass'])
    expected = cfg.model.students.first.decode_head
    for key in ('bottleneck_kernel_size', 'bias', 'dropout_ratio', 'dilations',
                'align_corners', 'loss_decode'):
        assert expected[key] == network['decode_head'][key], key
    if meta['edit']:
        cfg.model = dict(
            type='CoTraining', pseudo_labeler=cfg.model.pseudo_labeler,
            data_preprocessor=cfg.model.data_preprocessor,
            mixer=dict(type='NoMix'))
    else:
        assert cfg.model.loss_weights.cross == (1 if mixed else 1.5)
        cfg.model.loss_weights.cross = meta['weight']
        if mixed:
            cfg.model.mixer = dict(type='RecordedBoxMix')
    cfg.model.students = dict(first=network, second=network)
    # The decay is that of one GPU.
    cfg.optim_wrapper.optimizer.update(lr=meta['lr'], weight_decay=1e-4)
    return cfg


def replayed(record):
    init_default_scope('mmseg_fst')
    cfg = config_of(record)
    start = states_of(record, record['init'])

    def give_masks(model):
        if is_mixed(record):
            model.mixer.masks = (
                batch['mask_params'][:, 0] > 0
                for batch in record['unlabeled'][0])

    steps = replay(
        cfg.model, list(sides_of(record)), dict(student=start),
        record['meta']['iters'], cfg.optim_wrapper,
        num_classes=record['meta']['nclass'], prepare=give_masks)
    return start, steps


def check(record, start, steps):
    edited = bool(record['meta']['edit'])
    part, share = ('mixed', 2) if edited else ('cross', 1)
    for index, (step, expected) in enumerate(zip(steps, record['iters'])):
        losses, released = step['losses'], expected['losses']
        first, second, *cross = (
            share * losses[f'{name}.{kind}.decode.loss_ce']
            for kind in ('labeled', part) for name in ('first', 'second'))
        assert step['learning_rates'] == pytest.approx(
            sorted(set(expected['lr'])))
        check_loss(first, released['loss_sup'], index)
        check_loss(second, released['loss_sup_r'], index)
        check_loss(sum(cross), released['cps_loss'], index)
        check_loss(losses['loss'], released['loss'], index)
        if 'models' in expected:
            check_state(step['states']['student'],
                        states_of(record, expected['models']), start, index)
    assert len(steps) == len(record['iters'])


@pytest.mark.parametrize('path', records('cps*.pt'), ids=str)
def test_the_record_is_reproduced(path):
    record = load(path)
    check(record, *replayed(record))


@pytest.mark.skipif(not SHARED.is_dir(),
                    reason=f'NOT TESTED: whole records, no folder {SHARED}')
def test_whole_records_are_there():
    assert any(len(load(path)['iters']) == 6 for path in records('cps*.pt'))


def test_our_own_rule_is_detected():
    record = load(SHIPPED / 'cps.pt')
    record['meta']['edit'] = True
    with pytest.raises(AssertionError):
        check(record, *replayed(record))


def test_no_decay_of_norms_and_biases():
    """As the record says of its groups."""
    record = load(SHIPPED / 'cps.pt')
    assert set(record['iters'][0]['decay']) == {0., 1e-4}
    cfg = config_of(record)
    model = MODELS.build(cfg.model)
    wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    decays = {id(weight): group['weight_decay']
              for group in wrapper.param_groups for weight in group['params']}
    for name, weight in model.student.named_parameters():
        assert decays[id(weight)] == (1e-4 if weight.dim() > 1 else 0), name
