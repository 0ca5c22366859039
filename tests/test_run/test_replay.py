"""Steps that were not finite, made again."""
import math
import runpy
import sys

import pytest
import torch
from helpers import REPOSITORY
from mmengine.config import Config
from test_engine.toy import ToyPairs, co_training_config, model_config

from mmseg_fst.apis import build_runner, replay
from mmseg_fst.engine import FiniteGuardHook
from mmseg_fst.models import StrongPhotometric
from mmseg_fst.registry import DATASETS, MODELS
from mmseg_fst.utils.checks import NotFinite

LOOK_AHEAD = dict(type='FSTHook', depth=2)


@DATASETS.register_module()
class ReplayPairs(ToyPairs):
    """Toy pairs by name, so that a config can be written and read."""


@MODELS.register_module()
class SometimesInfinite(StrongPhotometric):
    """The strong augmentation, now and then too strong."""

    def forward(self, image, mean, std):
        image = super().forward(image, mean, std)
        return image * math.inf if torch.rand(()) < .1 else image


def stopped(folder, model, hooks=(LOOK_AHEAD, ),
            photometric='SometimesInfinite', **changes):
    """Train until a step is not finite; the file, and the runner."""
    model['photometric'] = dict(type=photometric)
    cfg = Config({**dict(
        model=model, work_dir=str(folder), log_level='ERROR',
        default_scope='mmseg_fst', experiment_name=str(folder),
        train_dataloader=dict(
            batch_size=2, num_workers=0, dataset=dict(type='ReplayPairs'),
            sampler=dict(type='PairedSampler')),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=50),
        custom_hooks=list(hooks), randomness=dict(seed=4),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=.01))), **changes})
    runner = build_runner(cfg)
    with pytest.raises(NotFinite):
        runner.train()
    path, = (folder / 'not_finite').iterdir()
    return str(path), runner


@pytest.mark.parametrize('options', [
    {}, dict(resample_mix=False), dict(restore='all'), dict(reuse=False)
], ids=str)
@pytest.mark.parametrize('step', [5, 6], ids=['virtual', 'real'])
def test_a_step_that_takes_passes_of_an_earlier_one(tmp_path, monkeypatch,
                                                    options, step):
    """That is made first, with the random numbers that it had."""
    read, norms = FiniteGuardHook._read, []

    def refuse(self, *values):
        wrong, norm = read(self, *values)
        norms.append(norm)
        return (dict(norm=norm), norm) if len(norms) == step else (wrong, norm)

    monkeypatch.setattr(FiniteGuardHook, '_read', refuse)
    path, _ = stopped(tmp_path, model_config(), [{**LOOK_AHEAD, **options}],
                      photometric='StrongPhotometric')
    found = replay(path)
    assert found.losses == found.recorded and len(found.losses) > 3
    assert found.grad_norm == pytest.approx(norms[-1], rel=1e-5)
    assert found.weights == found.gradients == [] and found.module is None
    dump = torch.load(path, weights_only=False)
    dump['kept'] = dump.pop('shared')  # the keys of older files
    if dump['kept'] is not None:
        dump['kept']['redraw'] = dump['kept'].pop('resample_mix')
    torch.save(dump, path)
    assert replay(path) == found


@pytest.mark.parametrize('model, hooks', [
    (model_config, [LOOK_AHEAD]), (co_training_config, [])],
    ids=['fst', 'co-training'])
def test_losses_are_those_of_the_run_bit_for_bit(tmp_path, model, hooks):
    """Boxes, colors and dropout are sampled again; weights are as before."""
    path, runner = stopped(tmp_path, model(), hooks)
    assert runner.iter > 0, 'weights have moved before'
    torch.rand(5)
    found = replay(path)
    assert found.recorded.keys() == found.losses.keys()
    finite = 0
    for name, loss in found.losses.items():
        recorded = found.recorded[name]
        assert loss == recorded or math.isnan(loss) and math.isnan(recorded)
        finite += math.isfinite(loss)
    assert 0 < finite < len(found.losses)
    assert found.weights == [] and found.module == 'photometric'
    assert len(found.gradients) > 10 and not math.isfinite(found.grad_norm)


def test_precision_is_that_of_the_run(tmp_path):
    path, _ = stopped(tmp_path, model_config(), optim_wrapper=dict(
        type='AutocastOptimWrapper', optimizer=dict(type='SGD', lr=.01)))
    found = replay(path)
    finite = [name for name, loss in found.losses.items()
              if math.isfinite(loss)]
    assert finite
    for name in finite:
        assert found.losses[name] == found.recorded[name]


def test_a_weight_that_was_broken_is_named(tmp_path):
    path, _ = stopped(tmp_path, model_config())
    dump = torch.load(path, weights_only=False)
    name = 'teacher.decode_head.conv_seg.bias'
    dump['state_dict'][name][0] = math.nan
    torch.save(dump, path)
    assert replay(path).weights == [name]


def with_config(path, text):
    """Put another config into the file of a step."""
    dump = torch.load(path, weights_only=False)
    dump['meta']['cfg'] = text
    torch.save(dump, path)


@pytest.mark.parametrize('text', [
    "open({!r}, 'w')", '{{"custom_imports": {{"imports": ["a_module"]}}}}'],
    ids=['python', 'module'])
def test_code_in_the_config_is_run_only_if_trusted(tmp_path, monkeypatch,
                                                   text):
    path, _ = stopped(tmp_path, model_config())
    victim = str(tmp_path / 'victim')
    (tmp_path / 'a_module.py').write_text(f"open({victim!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    with_config(path, text.format(victim))
    with pytest.raises(SystemExit, match='rank_0.pth.*add --trust'):
        run_tool(monkeypatch, path)
    assert not (tmp_path / 'victim').exists()
    with pytest.raises(AttributeError):  # there is no model in it
        replay(path, trust=True)
    assert (tmp_path / 'victim').exists()


def test_a_config_of_objects_is_replayed_if_trusted(tmp_path):
    """As in older versions; it is Python."""
    path, runner = stopped(tmp_path, model_config())
    with_config(path, runner.cfg.pretty_text)
    with pytest.raises(ValueError, match='add --trust'):
        replay(path)
    assert replay(path, trust=True).losses.keys() == replay(
        stopped(tmp_path / 'other', model_config())[0]).losses.keys()


def test_the_operation_is_named(tmp_path):
    path, _ = stopped(tmp_path, model_config())
    with pytest.warns(UserWarning), pytest.raises(
            RuntimeError, match='returned nan values'):
        replay(path, anomaly=True)


def run_tool(monkeypatch, *arguments):
    monkeypatch.setattr(sys, 'argv', ['replay.py', *arguments])
    runpy.run_path(str(REPOSITORY / 'tools/replay.py'), run_name='__main__')


def test_the_tool_prints_it(tmp_path, monkeypatch, capsys):
    path, _ = stopped(tmp_path, model_config())
    run_tool(monkeypatch, path)
    output = capsys.readouterr().out
    assert 'mixed.decode.loss_ce    nan' in output
    assert 'First output that is not finite: photometric\n' in output
    assert 'Not finite before the step: none\n' in output
    assert 'Gradients that are not finite: student.' in output
    assert ' more\n' in output


def test_other_files_are_refused(tmp_path, monkeypatch):
    path = tmp_path / 'iter_2.pth'
    torch.save(dict(state_dict={}), path)
    with pytest.raises(SystemExit, match='no training step.*not_finite'):
        run_tool(monkeypatch, str(path))
    with pytest.raises(SystemExit, match='no checkpoint'):
        run_tool(monkeypatch, str(tmp_path / 'none.pth'))
