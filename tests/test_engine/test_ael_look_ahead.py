"""AEL with FST: virtual steps do not write the bank."""
import pytest
import torch

from .test_fst import SGD, assert_equal, trained
from .toy import PairedSampler, PastedPairs, ael_config, make_runner, state

LOADER = dict(
    batch_size=2,
    num_workers=0,
    dataset=PastedPairs(),
    sampler=dict(type=PairedSampler, seed=0))
HOOK = dict(type='MeanTeacherHook', decay=0.9, when='after')
FST = dict(HOOK, type='FSTHook')


def run(folder, hook, **changes):
    return trained(folder, hook, SGD, model=ael_config(),
                   train_dataloader=LOADER, **changes)


def test_depth_zero_is_the_plain_method_bit_for_bit(tmp_path):
    plain, runner = run(tmp_path / 'plain', HOOK)
    fst, _ = run(tmp_path / 'fst', dict(FST, depth=0))
    assert_equal(fst, plain)
    assert runner.model.bank.updates.max() == 5
    deep, _ = run(tmp_path / 'deep', dict(FST, depth=2))
    for name in ('student.decode_head.conv_seg.weight', 'bank.confidence'):
        assert not torch.equal(plain[name], deep[name]), name


@pytest.mark.parametrize('hook', [
    dict(FST, depth=2), dict(FST, depth=2, restore='all'),
    dict(FST, depth=2, resample_mix=False),
    dict(type='WideFSTHook', width=2, decay=.9)
], ids=['depth', 'depth-all', 'shared-mix', 'width'])
def test_the_bank_is_written_once_in_an_iteration(tmp_path, hook):
    """By what the real step, the last of them, has staged."""
    runner = make_runner(tmp_path, [hook], SGD, max_iters=3,
                         model=ael_config(), train_dataloader=LOADER)
    bank, steps, forward = runner.model.bank, [], runner.model.bank.forward

    def spy(*args):
        before = bank.confidence.clone(), bank.updates.clone()
        found = forward(*args)
        steps.append((*before, found.clone()))
        return found

    bank.forward = spy
    runner.train()
    passes = len(steps) // 3
    assert passes == 3
    for iteration in range(3):
        own = steps[iteration * passes:(iteration + 1) * passes]
        for confidence, updates, _ in own:
            assert torch.equal(confidence, own[0][0])
            assert torch.equal(updates, own[0][1])
        after = (steps[(iteration + 1) * passes][0]
                 if iteration < 2 else bank.confidence)
        assert torch.equal(after, own[-1][2])
    assert bank.updates.max() == 3


def test_a_resumed_run_keeps_the_bank(tmp_path):
    checkpoint = dict(
        checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
    _, first = run(tmp_path, dict(FST, depth=1), max_iters=2,
                   default_hooks=checkpoint)
    written = first.model.bank.confidence.clone()
    assert written.any()
    runner = make_runner(
        tmp_path, [dict(FST, depth=1)], SGD, max_iters=2, model=ael_config(),
        train_dataloader=LOADER, load_from=str(tmp_path / 'iter_2.pth'),
        resume=True, default_hooks=checkpoint)
    runner.train()
    assert torch.equal(state(runner)['bank.confidence'], written)
