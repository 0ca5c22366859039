"""Learning from labels only."""
import pytest
import torch
from helpers import build_model, make_batch, model_cfg

from mmseg_fst.registry import MODELS

TERMS = {'labeled.decode.loss_ce', 'labeled.aux.loss_ce'}


def losses_of(model, batch=None):
    data = model.data_preprocessor(batch or make_batch(), True)
    return model(**data, mode='loss')


def test_labels_alone_need_no_teacher_and_no_second_side():
    model = build_model(model_cfg(labels_only=True)).train()
    assert model.teacher is None and model.networks == ['student']
    for batch in (make_batch(unlabeled=False), make_batch()):
        assert set(losses_of(model, batch)) == TERMS
    assert model.mixed is None


@pytest.mark.parametrize('name', ['pseudo_labeler', 'mixer'])
def test_what_it_does_not_use_is_refused(name):
    part = model_cfg()[name]
    with pytest.raises(ValueError, match=f'Supervised does not use .model.'
                       f'{name}'):
        build_model(model_cfg(labels_only=True, **{name: part}))


def test_a_teacher_to_predict_with_must_be_there():
    cfg = model_cfg(labels_only=True, predict_with='teacher')
    with pytest.raises(ValueError, match='teacher'):
        MODELS.build(cfg)


def test_the_regularizer_adds_the_feature_distance():
    """The pretrained encoder is a frozen copy of the student's."""
    distance = dict(type='FeatureDistance', classes=[1, 2, 3])
    model = build_model(
        model_cfg(labels_only=True, dropout=0., regularizer=distance)).train()
    with torch.no_grad():
        for weight in model.student.parameters():
            weight.add_(torch.randn_like(weight) * .1)
    losses = losses_of(model)
    assert set(losses) == {*TERMS, 'labeled.loss_feature_distance'}
    assert losses['labeled.loss_feature_distance'] > 0
    model.parse_losses(losses)[0].backward()
    assert all(
        weight.grad is None and not weight.requires_grad
        for weight in model.pretrained_encoder.parameters())
