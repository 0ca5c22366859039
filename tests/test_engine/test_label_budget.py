"""Any label budget: labels of source and target, several target domains."""
from pathlib import Path

import pytest
import torch
from helpers import make_streets, model_cfg, paired_cfg, streets_cfg
from mmengine.config import Config

from mmseg_fst.methods import Method
from mmseg_fst.run.launch import build_runner

from .toy import assert_equal, state

EMA = dict(type='MeanTeacherHook', decay=.9)
FST = dict(type='FSTHook', depth=1, decay=.9)
JOINED = dict(target_labeled='labeled', unlabeled_night='unlabeled')
METHODS = dict(
    mean_teacher=dict(mixer=dict(type='ClassMix')),
    mic=dict(type='MIC', mixer=dict(type='ClassMix'),
             mask=dict(type='BlockMask', block_size=8)),
    unimatch=dict(
        type='UniMatch', mixer=dict(type='CutMix'), paste='again',
        pseudo_labeler=dict(type='Threshold', threshold=.2),
        perturbation=dict(type='ChannelDropout')),
    unimatch_v2=dict(
        type='UniMatchV2', mixer=dict(type='CutMix'),
        perturbation=dict(type='ComplementaryDropout')))


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_streets(tmp_path_factory.mktemp('streets'), train=7)


def sides_of(root, *names, **renamed):
    """Sides by name, None where they are left out.

    Their transforms use random numbers. Another name may be given to a side.
    """
    sides = dict(
        labeled=streets_cfg(root, 'rendered'),
        target_labeled=streets_cfg(root, 'camera', split='val'),
        unlabeled=streets_cfg(root, 'camera', labeled=False),
        unlabeled_night=streets_cfg(root, 'rendered', labeled=False))
    for side in sides.values():
        side['pipeline'][-1:-1] = [
            dict(type='RandomFlip', prob=.5),
            dict(type='PhotoMetricDistortion')]
    return {
        **{name: side if name in names else None
           for name, side in sides.items()},
        **{name: sides[other] for name, other in renamed.items()}}


def config(folder, sides, joined=JOINED, method='mean_teacher', hook=FST,
           max_iters=3, **changes):
    """A run of a method on these sides."""
    dataset = dict(paired_cfg(folder), sides=sides)
    if joined:
        dataset['joined'] = joined
    if method == 'unimatch':  # which has no teacher
        dataset['again'], hook = dict(unlabeled_again='unlabeled'), None
    return Config({**dict(
        model=model_cfg(**METHODS[method]),
        train_dataloader=dict(
            batch_size=2,
            num_workers=0,
            sampler=dict(type='PairedSampler', seed=0),
            dataset=dataset),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='SGD', lr=.01, momentum=.9)),
        custom_hooks=[hook] if hook else [],
        default_hooks=dict(
            checkpoint=dict(type='AtomicCheckpointHook', interval=2),
            logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        randomness=dict(seed=0),
        work_dir=str(folder),
        experiment_name=f'budget_{folder.name}_{max_iters}'), **changes})


def trained(*args, **kwargs):
    """The state of a run after its training."""
    runner = build_runner(config(*args, **kwargs))
    runner.train()
    return state(runner)


def differ(first, second):
    return any(not torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize('method', METHODS)
def test_degenerate_budgets_are_adaptation_and_semi_supervision(
        root, tmp_path, method):
    adapted = trained(
        tmp_path / 'uda', sides_of(root, 'labeled', 'unlabeled'),
        joined=None, method=method)
    assert_equal(adapted, trained(
        tmp_path / 'no_target', sides_of(root, 'labeled', 'unlabeled'),
        method=method))
    semi = dict(labeled='target_labeled', unlabeled='unlabeled')
    alone = trained(
        tmp_path / 'ssl', sides_of(root, **semi), joined=None, method=method)
    assert_equal(alone, trained(
        tmp_path / 'no_source', sides_of(root, 'target_labeled', 'unlabeled'),
        method=method))
    both = trained(
        tmp_path / 'both',
        sides_of(root, 'labeled', 'target_labeled', 'unlabeled'),
        method=method)
    assert differ(both, adapted) and differ(both, alone)


def test_a_method_learns_from_all_sides(root, tmp_path, monkeypatch):
    """Two labeled and two unlabeled images, which are paired by turns."""
    found = []
    original = Method.strong_view

    def origins(side):
        paths = [Path(sample.img_path).parts for sample in side.samples]
        return [(path[-4], path[-2]) for path in paths]

    def spy(self, batch, target):
        assert len(target.label) == len(batch.labeled.label) == 2
        found.append((origins(batch.labeled), origins(batch.unlabeled)))
        return original(self, batch, target)

    monkeypatch.setattr(Method, 'strong_view', spy)
    trained(tmp_path, sides_of(
        root, 'labeled', 'target_labeled', 'unlabeled', 'unlabeled_night'),
        hook=EMA)
    source, target = ('rendered', 'train'), ('camera', 'val')
    day, night = ('camera', 'train'), ('rendered', 'train')
    assert found == [
        ([source, target], [day, night]), ([source, target], [night, day]),
        ([source, target], [day, night])]


def test_fst_is_one_hook(root, tmp_path):
    sides = 'labeled', 'target_labeled', 'unlabeled', 'unlabeled_night'
    plain, same, ahead = (
        trained(tmp_path / name, sides_of(root, *sides), method='mic',
                hook=hook)
        for name, hook in (('plain', EMA), ('zero', dict(FST, depth=0)),
                           ('two', dict(FST, depth=2))))
    assert_equal(plain, same)
    assert differ(plain, ahead)


@pytest.mark.parametrize('hook', [
    FST, dict(FST, restore='all', resample_mix=False),
    dict(type='WideFSTHook', width=2, decay=.9)],
    ids=['FST', 'shared', 'wide'])
def test_a_resumed_run_is_the_same(root, tmp_path, hook):
    sides = sides_of(
        root, 'labeled', 'target_labeled', 'unlabeled', 'unlabeled_night')
    whole = trained(tmp_path / 'whole', sides, hook=hook)
    trained(tmp_path / 'cut', sides, hook=hook, max_iters=2)
    torch.rand(17)
    assert_equal(whole, trained(
        tmp_path / 'resumed', sides, hook=hook, resume=True,
        load_from=str(tmp_path / 'cut' / 'iter_2.pth')))


def test_a_reused_gradient_is_the_gradient(root, tmp_path):
    """The pass of all labels is fixed: FST computes it once."""
    sides = sides_of(root, 'labeled', 'target_labeled', 'unlabeled')
    once, twice = (
        trained(tmp_path / f'{reuse}', sides,
                hook=dict(FST, restore='all', reuse=reuse),
                model=model_cfg(dropout=0., **METHODS['mean_teacher']))
        for reuse in (True, False))
    for name in once:
        assert torch.allclose(once[name], twice[name], atol=1e-5), name
