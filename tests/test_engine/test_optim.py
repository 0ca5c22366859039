"""One group for parameters of equal settings."""
import pytest
import torch
from mmengine.optim import build_optim_wrapper

from mmseg_fst.registry import MODELS

from .toy import make_runner, model_config, state

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
