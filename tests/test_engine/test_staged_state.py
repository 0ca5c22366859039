"""A method that remembers: virtual steps leave no trace in its memory."""
import pytest
import torch
from mmengine.runner import Runner

from mmseg_fst.engine.hooks import PrepareModelHook

from .test_fst import SGD, assert_equal, trained
from .toy import make_runner, prepare, state, u2pl_config

HOOKS = [
    dict(type='MeanTeacherHook', decay=0.9, when='after'),
    dict(type='FSTHook', depth=3, decay=0.9, when='after'),
    dict(type='FSTHook', depth=3, decay=0.9, restore='all'),
    dict(type='WideFSTHook', width=2, decay=0.9)
]
IDS = ['plain', 'depth', 'depth-all', 'width']


def record(runner: Runner) -> tuple[list, list]:
    """What is staged in each training step, and the memory before it."""
    contrast, staged, memories = runner.model.contrast, [], []
    original = contrast.forward

    def spy(representation, view):
        memories.append((contrast.sizes.clone(), contrast.updates.clone()))
        loss = original(representation, view)
        staged.append(contrast.staged)
        return loss

    contrast.forward = spy
    return staged, memories


@pytest.mark.parametrize('hook', HOOKS, ids=IDS)
def test_memory_grows_once_in_an_iteration(tmp_path, hook):
    """By what the real step, the last one, has staged."""
    runner = make_runner(
        tmp_path, [hook], SGD, max_iters=3, model=u2pl_config())
    staged, memories = record(runner)
    runner.train()
    steps = 1 + hook.get('depth', hook.get('width', 0))
    assert len(staged) == 3 * steps
    for iteration in range(3):
        own = memories[iteration * steps:(iteration + 1) * steps]
        for sizes, updates in own:  # the same in all steps of it
            assert torch.equal(sizes, own[0][0])
            assert torch.equal(updates, own[0][1])
    real = staged[steps - 1::steps]
    contrast = runner.model.contrast
    assert torch.equal(contrast.sizes,
                       sum(staged.negative.sum(0) for staged in real))
    assert torch.equal(contrast.updates,
                       sum((staged.count > 0).long() for staged in real))
    assert (contrast.sizes > 0).sum() > 3
    queue = torch.cat([staged.rows[staged.negative[:, 2]] for staged in real])
    found = contrast.queue.split(contrast.sizes.tolist())[2]
    assert torch.equal(found, queue)


@pytest.mark.parametrize('hook', HOOKS, ids=IDS)
def test_a_runner_built_by_hand_writes_the_memory(tmp_path, hook):
    """Without PrepareModelHook, which build_runner registers."""
    memories = []
    for folder, by_hand in (('hand', True), ('built', False)):
        runner = make_runner(tmp_path / folder, [hook], SGD, max_iters=3,
                             model=u2pl_config())
        if by_hand:
            runner._hooks[:] = [
                hook for hook in runner.hooks
                if not isinstance(hook, PrepareModelHook)]
        runner.train()
        memories.append(runner.model.contrast.state_dict())
    assert memories[0]['updates'].any()
    assert_equal(*memories)


def test_look_ahead_leaves_the_memory_alone(tmp_path):
    hook = dict(type='FSTHook', depth=3)
    runner = make_runner(tmp_path, [hook], SGD, model=u2pl_config())
    batch = prepare(runner)
    before = state(runner)
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    after = state(runner)
    names = [name for name in before if name.startswith('contrast.')]
    assert names
    assert_equal({name: before[name] for name in names},
                 {name: after[name] for name in names})


@pytest.mark.parametrize('when', ['before', 'after'])
def test_depth_zero_is_the_plain_method_bit_for_bit(tmp_path, when):
    options = dict(decay=0.9, when=when)
    fst, _ = trained(tmp_path / 'fst',
                     dict(type='FSTHook', depth=0, **options), SGD,
                     model=u2pl_config())
    plain, runner = trained(tmp_path / 'plain',
                            dict(type='MeanTeacherHook', **options), SGD,
                            model=u2pl_config())
    assert_equal(fst, plain)
    assert len(runner.model.contrast.queue) and runner.iter == 5


@pytest.mark.parametrize('hook', HOOKS[:2], ids=IDS[:2])
def test_resumed_run_keeps_the_memory(tmp_path, hook):
    checkpoint = dict(
        checkpoint=dict(type='CheckpointHook', by_epoch=False, interval=2))
    _, first = trained(tmp_path, hook, SGD, model=u2pl_config(), max_iters=2,
                       default_hooks=checkpoint)
    memory = first.model.contrast.state_dict()
    runner = make_runner(
        tmp_path, [hook], SGD, max_iters=4, model=u2pl_config(),
        load_from=str(tmp_path / 'iter_2.pth'), resume=True,
        default_hooks=checkpoint)
    _, memories = record(runner)
    runner.train()
    assert torch.equal(memories[0][0], memory['sizes'])
    assert torch.equal(memories[0][1], memory['updates'])
    saved = torch.load(tmp_path / 'iter_2.pth', weights_only=False)
    assert torch.equal(saved['state_dict']['contrast.queue'], memory['queue'])
    size = int(memory['sizes'][0])
    queue = runner.model.contrast.queue
    assert torch.equal(queue[:size], memory['queue'][:size]), 'the oldest'
    assert (runner.model.contrast.sizes >= memory['sizes']).all() and size


def test_method_learns_by_the_contrast(tmp_path):
    """Its loss is one of those that move the student."""
    hook = HOOKS[0]
    with_it, _ = trained(tmp_path / 'with', hook, SGD, model=u2pl_config())
    model = dict(u2pl_config(), type='CutMixMeanTeacher')
    del model['contrast']
    without, _ = trained(tmp_path / 'without', hook, SGD, model=model)
    assert any(not torch.equal(value, with_it[name])
               for name, value in without.items())
