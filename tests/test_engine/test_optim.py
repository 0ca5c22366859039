"""One group for parameters of equal settings."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper

from mmseg_fst.engine import custom_keys
from mmseg_fst.registry import MODELS

from .toy import (
    co_training_config,
    make_runner,
    model_config,
    prepare,
    state,
)

FST = dict(type='FSTHook', depth=1)
PARAMWISE = dict(
    norm_decay_mult=0., bias_lr_mult=2.,
    custom_keys={'decode_head': dict(lr_mult=10.)})


def config(constructor):
    return dict(
        constructor=constructor,
        optimizer=dict(type='AdamW', lr=1e-3, weight_decay=.01),
        paramwise_cfg=PARAMWISE)


def test_every_parameter_has_the_settings_of_mmengine():
    model = MODELS.build(model_config())
    found = []
    for constructor in ('DefaultOptimWrapperConstructor',
                        'FewGroupsConstructor'):
        groups = build_optim_wrapper(model, config(constructor)).param_groups
        found.append((len(groups), {
            id(weight): {
                key: value for key, value in group.items() if key != 'params'
            }
            for group in groups for weight in group['params']
            if weight.requires_grad
        }))
    (many, expected), (few, settings) = found
    assert settings == expected
    assert set(settings) == set(map(id, model.student.parameters()))
    # Learning rates: encoder, its biases, head; weight decay: with, without.
    assert few < 8 < many


@pytest.mark.parametrize('restore', ['weights', 'all'])
def test_the_same_run(tmp_path, restore):
    states = []
    for constructor in ('DefaultOptimWrapperConstructor',
                        'FewGroupsConstructor'):
        runner = make_runner(
            tmp_path / constructor, [dict(FST, restore=restore)], {},
            max_iters=2, optim_wrapper=config(constructor),
            param_scheduler=[dict(type='PolyLR', end=4, by_epoch=False)])
        runner.train()
        states.append(state(runner))
    for name, value in states[0].items():
        assert torch.equal(value, states[1][name]), name


@pytest.fixture
def logged(monkeypatch):
    texts = []
    monkeypatch.setattr(custom_keys, 'print_log',
                        lambda text, *_: texts.append(text))
    return texts


def run_with(tmp_path, model, **optim_wrapper):
    optim_wrapper['optimizer'] = dict(type='SGD', lr=1e-3)
    runner = make_runner(
        tmp_path, [] if 'students' in model else [FST], {}, model=model,
        optim_wrapper=optim_wrapper, cfg=dict(optim_wrapper=optim_wrapper))
    prepare(runner)
    runner.call_hook('before_run')


@pytest.mark.parametrize('constructor', [
    'DefaultOptimWrapperConstructor', 'FewGroupsConstructor'])
def test_a_pattern_without_a_parameter_is_named(tmp_path, logged,
                                                constructor):
    """That of a frozen network has no effect either."""
    keys = {'decode_head': {}, 'decodehead': {}, 'student.': {},
            'teacher.': {}}
    run_with(tmp_path, model_config(), constructor=constructor,
             paramwise_cfg=dict(custom_keys=keys))
    text, = logged
    assert text.startswith('optim_wrapper.paramwise_cfg.custom_keys: '
                           "'decodehead', 'teacher.' have no effect")
    assert "such as 'student." in text


def test_patterns_that_match_are_not_mentioned(tmp_path, logged):
    run_with(tmp_path, model_config(), paramwise_cfg=dict(
        custom_keys={'decode_head': dict(lr_mult=10.)}))
    assert not logged


def test_patterns_of_several_students(tmp_path, logged):
    """A pattern may be for one of them; names begin in the student."""
    run_with(
        tmp_path, co_training_config(), constructor='PerStudentConstructor',
        paramwise_cfg=dict(custom_keys={'decode_head': {}, 'wide': {}}),
        students=dict(narrow=dict(paramwise_cfg=dict(
            custom_keys={'neck': {}, 'backbone': {}}))))
    first, second = logged
    assert first.startswith('optim_wrapper.students.narrow.paramwise_cfg.'
                            "custom_keys: 'neck' have no effect")
    assert second.startswith('optim_wrapper.paramwise_cfg.custom_keys: '
                             "'wide' have no effect")
