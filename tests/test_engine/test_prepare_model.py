"""What every run gives its model, and asks of it."""
from types import SimpleNamespace

import pytest
from mmengine.registry import init_default_scope

from mmseg_fst.engine.hooks import FSTHook, MeanTeacherHook, PrepareModelHook
from mmseg_fst.registry import MODELS

from .toy import ToyPairs, model_config


def runner_of(model, hooks=(), **optim_wrapper):
    return SimpleNamespace(
        model=model, hooks=hooks,
        optim_wrapper=SimpleNamespace(**optim_wrapper))


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


def test_the_loss_scaler_needs_no_teacher():
    """Co-training and FixMatch differentiate parts of the loss, too."""
    scaler, model = object(), MODELS.build(model_config(type='FixMatch'))
    PrepareModelHook().before_train(runner_of(model, loss_scaler=scaler))
    assert model.loss_scaler is scaler
    PrepareModelHook().before_train(runner_of(model))
    assert model.loss_scaler is None


def test_a_teacher_that_nothing_moves_is_refused():
    model = MODELS.build(model_config())
    with pytest.raises(ValueError, match='SelfLookAheadHook'):
        PrepareModelHook().before_train(runner_of(model, [object()]))
    for hook in (MeanTeacherHook(), FSTHook()):
        PrepareModelHook().before_train(runner_of(model, [hook]))


def test_every_run_has_it(tmp_path):
    from mmengine.config import Config

    from mmseg_fst.apis import build_runner
    cfg = Config(dict(
        model=model_config(), work_dir=str(tmp_path), log_level='ERROR',
        default_scope='mmseg_fst', experiment_name=str(tmp_path),
        train_dataloader=dict(
            batch_size=2, dataset=ToyPairs(), sampler=dict(
                type='PairedSampler'), num_workers=0),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=.1))))
    with pytest.raises(ValueError, match='no hook updates it'):
        build_runner(cfg).train()
