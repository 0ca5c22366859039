"""PrevMatch: what earlier students teach, when, and with which weight."""
import copy

import pytest
import torch
import torch.nn.functional as F
from ssl_methods import THRESHOLD, batch_of, losses_of, method, perturb

from mmseg_fst.engine.hooks import PreviousStudentsHook
from mmseg_fst.methods import prev_match
from mmseg_fst.models.losses import resize_logits
from tests.test_engine.toy import (
    assert_equal,
    make_runner,
    prev_match_config,
)

SGD = dict(type='SGD', lr=.05, momentum=.9)
EACH = dict(type='PreviousStudentsHook', interval=1)


def prevmatch(copies=1, **changes):
    model = method('ssl_prevmatch', **{**dict(
        backward='joint', previous_labeler=dict(
            type='Threshold', threshold=THRESHOLD)), **changes})
    for _ in range(copies):
        student = copy.deepcopy(model.student)
        perturb(student)
        model.previous.add(student)
    return model


def at(monkeypatch, progress):
    monkeypatch.setattr(
        prev_match, 'training_progress', lambda epochs: progress)


def test_without_an_earlier_student_it_is_unimatch():
    model = prevmatch(0)
    plain = method('ssl_unimatch', backward='joint')
    plain.student.load_state_dict(model.student.state_dict())
    found, want = losses_of(model), losses_of(plain)
    assert found.keys() == want.keys()
    for name, value in want.items():
        torch.testing.assert_close(found[name], value)


def test_labels_of_an_earlier_student_by_hand(monkeypatch):
    at(monkeypatch, .25)
    model = prevmatch(perturbation=dict(type='ChannelDropout', prob=0.))
    student, earlier = copy.deepcopy(model.student), model.previous.copies[0]
    losses = losses_of(model)
    image, label, weak = batch_of(model)
    with torch.no_grad():
        logits = resize_logits(earlier.eval()(weak), weak.shape[2:], False)
    confidence, target = logits.softmax(1).max(1)
    weight = (confidence >= THRESHOLD).float()
    assert 0 < weight.mean() < 1
    torch.testing.assert_close(losses['previous_label_weight'], weight.mean())
    features = student.extract_feat(torch.cat([image, weak]))
    features = [torch.cat([feature] * 2) for feature in features]
    again = resize_logits(
        student.decode_head(features), label.shape[1:], False)[-2:]
    want = (weight * F.cross_entropy(again, target, reduction='none')).mean()
    torch.testing.assert_close(
        losses['perturbed_previous.decode.loss_ce'], .5 * want * .5 / 2.5)
    assert all(each.grad is None for each in earlier.parameters())


def test_the_weight_rises_and_falls(monkeypatch):
    model, found = prevmatch(), []
    loss = torch.ones(())
    for progress in (0., .25, .5, .75):
        at(monkeypatch, progress)
        found.append((model.weigh('labeled', loss).item(),
                      model.weigh('mixed_previous', loss).item()))
    assert found == pytest.approx([
        pytest.approx(pair) for pair in (
            (1 / 2, 0), (1 / 2.5, .25 / 2.5), (1 / 3, .5 / 3),
            (1 / 2.5, .25 / 2.5))])


def test_the_oldest_copy_is_replaced():
    model = prevmatch(0, capacity=2)
    for value in (1., 2., 3.):
        model.student.decode_head.conv_seg.bias.data.fill_(value)
        model.previous.add(model.student)
    found = [each.decode_head.conv_seg.bias[0].item()
             for each in model.previous.copies]
    assert found == [3., 2.] and model.previous.count == 2
    assert not any(each.training for each in model.previous.train().modules())


def test_copies_of_students_that_score_higher():
    model = prevmatch(0)
    for score in (10., 20., 15., 20., 30.):
        model.previous.add_if_better(model.student, score)
    assert model.previous.count == 3
    other = prevmatch(0)
    other.load_state_dict(model.state_dict())
    other.previous.add_if_better(other.student, 25.)
    assert other.previous.count == 3  # the score has been loaded, too


def test_ensembles_are_random():
    model, sizes, first = prevmatch(8), [], []
    for _ in range(300):
        chosen, share = model.previous.sample_ensemble()
        assert len(set(chosen)) == len(chosen) == len(share)
        assert sum(share) == pytest.approx(1) and min(share) >= 0
        sizes.append(len(chosen))
        first.append(chosen[0])
    assert set(sizes) == {1, 2, 3} and set(first) == set(range(8))
    assert min(map(sizes.count, (1, 2, 3))) > 70


def test_an_ensemble_is_a_weighted_mean(monkeypatch):
    previous = prevmatch(3).previous
    monkeypatch.setattr(
        previous, 'sample_ensemble', lambda: ([2, 0], [.25, .75]))
    image = torch.randn(2, 3, 32, 64)
    with torch.no_grad():
        want = (.25 * previous.copies[2](image)
                + .75 * previous.copies[0](image))
    torch.testing.assert_close(previous(image), want)


def test_a_resumed_run_has_the_same_students(tmp_path):
    changes = dict(model=prev_match_config(), max_iters=4)
    checkpoint = dict(type='CheckpointHook', by_epoch=False, interval=2)
    runner = make_runner(
        tmp_path / 'whole', [EACH, dict(type='SeedIterationHook')], SGD,
        default_hooks=dict(checkpoint=checkpoint), **changes)
    runner.train()
    whole = runner.model.state_dict()
    again = make_runner(
        tmp_path / 'again', [EACH, dict(type='SeedIterationHook')], SGD,
        default_hooks=dict(checkpoint=checkpoint), resume=True,
        load_from=str(tmp_path / 'whole' / 'iter_2.pth'), **changes)
    again.train()
    assert whole['previous.added'] == 3
    assert_equal(
        {name: value for name, value in whole.items()
         if name.startswith('previous')},
        {name: value for name, value in again.model.state_dict().items()
         if name.startswith('previous')})


@pytest.mark.parametrize('change, message', [
    (dict(capacity=0), 'got 0 and 3'), (dict(most=0), 'got 8 and 0'),
    (dict(ramp_epochs=1), 'ramp_epochs must be at least 2')])
def test_wrong_arguments_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        prevmatch(0, **change)


def test_the_hook_names_what_is_wrong(tmp_path):
    with pytest.raises(ValueError, match='interval must be at least 1'):
        PreviousStudentsHook(interval=0)
    runner = make_runner(tmp_path / 'plain', [], SGD)
    with pytest.raises(ValueError, match='MeanTeacher keeps no earlier'):
        PreviousStudentsHook().before_train(runner)
    runner = make_runner(
        tmp_path / 'unvalidated', [], SGD, model=prev_match_config())
    with pytest.raises(ValueError, match='give it an `interval`'):
        PreviousStudentsHook().before_train(runner)
    with pytest.raises(ValueError, match="choose from student/aAcc"):
        PreviousStudentsHook().after_val_epoch(runner, {'student/aAcc': 1.})
    with pytest.raises(RuntimeError, match='no student has been copied'):
        runner.model.previous(torch.zeros(1, 3, 32, 32))
