"""Distill: its loss by hand, what it contains, and what it refuses."""
import pytest
import torch
from helpers import build_model, make_batch, model_cfg
from test_engine.test_hooks import SGD
from test_engine.toy import (
    assert_equal,
    distill_config,
    make_runner,
    prepare,
    state,
)

from mmseg_fst.methods import Distill
from mmseg_fst.models.losses import resize_logits

TEACHERS = dict(type='ToyTeachersHook')


def build(**changes):
    return build_model(model_cfg(
        labels_only=True, dropout=0.,
        **{**dict(type='Distill', teachers=['a', 'b'], temperature=2.),
           **changes}))


def random_teacher(seed):
    """A teacher that has its own opinion of each pixel."""
    def predict(image):
        generator = torch.Generator().manual_seed(seed)
        size = (len(image), 11, *image.shape[2:])
        return torch.randn(size, dtype=image.dtype,
                           generator=generator).softmax(1)
    return predict


def by_hand(logits, probabilities, temperature, valid):
    """The loss of each pixel, one after the other."""
    soft = sum((each.log() / temperature).softmax(1)
               for each in probabilities) / len(probabilities)
    total, count = 0., 0
    for image, row, column in valid.nonzero():
        q = soft[image, :, row, column]
        p = (logits[image, :, row, column] / temperature).softmax(0)
        total += temperature**2 * float((q * (q / p).log()).sum())
        count += 1
    return total / count


def test_losses_equal_a_computation_by_hand():
    """Two teachers, padding, another view of the student; in float64."""
    model = build(loss_weights=dict(distilled_unlabeled=.5)).double().train()
    model.augment = lambda image: image + .5
    model.frozen_teachers = [random_teacher(0), random_teacher(1)]
    data = model.data_preprocessor(make_batch(), True)
    images = {side: image.double() for side, image in data['inputs'].items()}
    for sample in data['data_samples']['unlabeled']:
        sample.set_metainfo(dict(img_shape=(20, 40)))
    losses = model.loss(images, data['data_samples'])
    for side, view, factor in (('labeled', 0., 1.), ('unlabeled', .5, .5)):
        image = images[side]
        valid = torch.zeros(len(image), *image.shape[2:], dtype=torch.bool)
        valid[:, :20 if factor == .5 else None,
              :40 if factor == .5 else None] = True
        with torch.no_grad():
            logits = resize_logits(
                model.student(image + view), image.shape[2:], False)
        expected = by_hand(
            logits, [random_teacher(seed)(image) for seed in (0, 1)], 2.,
            valid)
        assert losses[f'distilled_{side}.loss_kl'].item() == pytest.approx(
            factor * expected, rel=1e-9)
    assert 'labeled.decode.loss_ce' in losses
    assert 'labeled.aux.loss_ce' in losses


def test_labels_count_as_without_teachers():
    model = build(loss_weights=dict(
        distilled_labeled=0., distilled_unlabeled=0.)).train()
    plain = build_model(model_cfg(labels_only=True, dropout=0.)).train()
    model.frozen_teachers = [gray]
    losses, expected = (
        each(**each.data_preprocessor(make_batch(), True), mode='loss')
        for each in (model, plain))
    for name, value in expected.items():
        assert torch.equal(losses[name], value)


def gray(image):
    return image.new_full((len(image), 11, *image.shape[2:]), 1 / 11)


def test_teachers_receive_the_weak_view_and_are_no_part_of_the_model():
    model, received = build().train(), []
    model.augment = lambda image: image + 1

    def teacher(image):
        received.append(image)
        assert not torch.is_grad_enabled()
        return gray(image)

    model.frozen_teachers = [teacher]
    data = model.data_preprocessor(make_batch(), True)
    model(**data, mode='loss')
    assert torch.equal(received[0], data['inputs']['labeled'])
    assert torch.equal(received[1], data['inputs']['unlabeled'])
    assert {key.partition('.')[0] for key in model.state_dict()} == {
        'student'}
    assert model.networks == ['student'] and model.teacher_pairs() == []


@pytest.mark.parametrize('changes, message', [
    (dict(teachers=[]), 'must be a list of one or more folders'),
    (dict(teachers='runs/a'), "such as .*got 'runs/a'"),
    (dict(temperature=0.), 'temperature must be above 0'),
    (dict(mixer=dict(type='NoMix')), 'does not use `model.mixer`'),
    (dict(regularizer=dict(type='FeatureDistance', classes=[1])),
     'does not use `model.regularizer`'),
])
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        build(**changes)


def test_a_step_without_teachers_says_what_to_do():
    model = build()
    with pytest.raises(RuntimeError, match='register the TeacherRunsHook'):
        model(**model.data_preprocessor(make_batch(), True), mode='loss')


def test_fst_is_refused(tmp_path):
    """There is nothing to move."""
    runner = make_runner(tmp_path, [TEACHERS, dict(type='FSTHook')], SGD,
                         model=distill_config())
    with pytest.raises(ValueError, match='Distill has none; choose a method'):
        prepare(runner)


def test_a_resumed_run_equals_a_single_run(tmp_path):
    options = dict(
        hooks=[TEACHERS, dict(type='SeedIterationHook'),
               dict(type='ResumeHook')],
        optimizer=SGD, model=distill_config(), default_hooks=dict(
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
    assert isinstance(whole.model, Distill)
