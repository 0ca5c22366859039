"""What a resumed run does before it goes on."""
from collections import Counter

import pytest
import torch
from mmengine.hooks import Hook

from mmseg_fst.datasets.samplers import PairedSampler
from mmseg_fst.utils.checkpoint import ForeignCheckpoint

from .test_hooks import SGD, validated_runner
from .toy import (
    ToyPairs,
    assert_equal,
    co_training_config,
    make_runner,
    prepare,
    state,
)

EVERY_RUN = [dict(type='SeedIterationHook'), dict(type='ResumeHook')]
CHECKPOINTS = dict(checkpoint=dict(
    type='AtomicCheckpointHook', interval=2, save_best='student/mIoU'))


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=2), dict(type='WideFSTHook', width=2)])
def test_random_numbers_after_a_resume_equal_a_single_run(tmp_path, hook):
    """Of ClassMix, colors and dropout, whatever happens in between."""
    options = dict(
        hooks=[hook, *EVERY_RUN], optimizer=SGD, default_hooks=dict(
            checkpoint=dict(type='AtomicCheckpointHook', interval=2)))
    whole = make_runner(tmp_path / 'whole', max_iters=4, **options)
    whole.train()
    make_runner(tmp_path / 'cut', max_iters=2, **options).train()
    torch.rand(17)
    resumed = make_runner(
        tmp_path / 'resumed', max_iters=4, resume=True,
        load_from=str(tmp_path / 'cut' / 'iter_2.pth'), **options)
    resumed.train()
    assert_equal(state(whole), state(resumed))


def test_a_random_order_is_restored(tmp_path):
    def run(max_iters, seed, **changes):
        runner = make_runner(
            tmp_path, [dict(type='MeanTeacherHook'), *EVERY_RUN], SGD,
            max_iters=max_iters, default_hooks=dict(
                checkpoint=dict(type='AtomicCheckpointHook', interval=2)),
            **changes)
        runner.train_dataloader.sampler.seed = seed  # as if none was given
        runner.train()
        return runner.train_dataloader.sampler.seed

    assert run(2, seed=11) == 11
    path = str(tmp_path / 'iter_2.pth')
    assert run(4, seed=22, load_from=path, resume=True) == 11


class Validations(Hook):
    """Records after which iterations a run validates; can end it there."""

    def __init__(self, end=None):
        self.iterations, self.end = [], end

    def before_val(self, runner):
        self.iterations.append(runner.iter)
        if runner.iter == self.end:
            raise KeyboardInterrupt


def validate(folder, end=None, resume=None):
    runner = validated_runner(
        folder, EVERY_RUN, default_hooks=CHECKPOINTS,
        resume=resume is not None, load_from=resume)
    hook = Validations(end)
    runner.register_hook(hook)
    if end is None:
        runner.train()
    else:
        with pytest.raises(KeyboardInterrupt):
            runner.train()
    return hook.iterations


@pytest.mark.parametrize('iteration, owed', [(2, [2, 4]), (4, [4])])
def test_an_interrupted_validation_is_repeated(tmp_path, iteration, owed):
    """Even the last one, which no iteration follows."""
    assert validate(tmp_path, end=iteration)[-1] == iteration
    path = str(tmp_path / f'iter_{iteration}.pth')
    assert validate(tmp_path, resume=path) == owed


def test_a_validation_that_is_accounted_for_is_not_repeated(tmp_path):
    """The first is the best, so that the checkpoint is written again."""
    assert validate(tmp_path, end=4) == [2, 4]
    path = str(tmp_path / 'iter_2.pth')
    assert validate(tmp_path, resume=path) == [4]


def test_what_a_killed_writer_has_left_is_removed(tmp_path):
    left = tmp_path / '.iter_2.17-4.tmp.pth'
    left.touch()
    make_runner(tmp_path, [dict(type='MeanTeacherHook'), *EVERY_RUN], SGD,
                max_iters=1).train()
    assert not left.exists()


MANY = dict(optimizer=dict(SGD, weight_decay=.01),
            paramwise_cfg=dict(norm_decay_mult=0.))
FEW = dict(MANY, constructor='FewGroupsConstructor')
EACH = dict(optimizer=SGD, constructor='PerStudentConstructor')


@pytest.mark.parametrize('saved, now, message', [
    (MANY, FEW, r'in \d{2,} groups \(of 1, .*\.\.\.\); .*has 2 groups \(of'),
    (EACH, dict(optimizer=SGD), r'in 1 groups .* and 1 groups .*; .*has 1 '),
    (EACH, EACH, None), (FEW, FEW, None)],
    ids=['grouped', 'separate', 'same', 'same-few'])
def test_the_state_of_another_optimizer_is_refused(tmp_path, saved, now,
                                                   message):
    """With its name, and before anything is changed."""
    def runner(optim_wrapper, **changes):
        return make_runner(
            tmp_path, EVERY_RUN, SGD, max_iters=2, model=co_training_config(),
            optim_wrapper=optim_wrapper, default_hooks=dict(checkpoint=dict(
                type='AtomicCheckpointHook', interval=1)), **changes)

    runner(saved).train()
    path = str(tmp_path / 'iter_1.pth')
    resumed = runner(now, resume=True, load_from=path)
    if message is None:
        resumed.train()
        return
    with pytest.raises(ForeignCheckpoint, match=message) as error:
        resumed.train()
    assert str(error.value).startswith(path)
    assert f'load_from={path}' in str(error.value)
    runner(now, load_from=path).train()  # as the message says


def test_to_resume_costs_the_same_at_any_iteration(tmp_path, monkeypatch):
    """Counted: items loaded, places of the stream that are walked through."""
    counts = []
    load, seeds = ToyPairs.__getitem__, PairedSampler._seeds

    def count_load(dataset, index):
        counts[-1]['loaded'] += 1
        return load(dataset, index)

    def count_seeds(sampler, start):
        for seed in seeds(sampler, start):
            counts[-1]['seeds'] += 1
            yield seed

    monkeypatch.setattr(ToyPairs, '__getitem__', count_load)
    monkeypatch.setattr(PairedSampler, '_seeds', count_seeds)
    for iteration in (1, 40_000):
        runner = make_runner(
            tmp_path, [dict(type='WideFSTHook', width=2), *EVERY_RUN], SGD,
            max_iters=iteration + 2)
        counts.append(Counter())
        prepare(runner)
        counts[-1].clear()
        runner.train_loop._iter = iteration
        runner.train_loop.run()
        assert runner.iter == iteration + 2
    assert counts[0] == counts[1]
    assert counts[0]['loaded'] == 2 * 2 * 3  # steps, images, batches
