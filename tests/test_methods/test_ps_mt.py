"""PS-MT: two teachers in turn, and strict labels of both."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE, build_model, model_cfg, network_cfg
from mmengine.config import Config
from mmengine.logging import MessageHub
from ssl_methods import batch_of, logits_of, losses_of, perturb

from mmseg_fst.methods import check_contract
from mmseg_fst.models import BetaCutMix, MultiBoxCutMix
from mmseg_fst.models.mean_network import MeanDecoder
from mmseg_fst.ops import assist, mix_labels
from mmseg_fst.registry import MODELS
from mmseg_fst.use.hub import _what_predicts
from tests.test_engine.toy import (
    assert_equal,
    make_runner,
    ps_mt_config,
    trained,
)

SGD = dict(type='SGD', lr=0.05, momentum=0.9)
HOOK = dict(
    type='MeanTeacherHook', decay=.9, buffers='average', when='after')


def method(dropout=0., **changes):
    network = network_cfg(dropout)
    for head in ('decode_head', 'auxiliary_head'):
        network[head]['loss_decode']['avg_non_ignore'] = True
    model = MODELS.build(model_cfg(**{
        **dict(
            segmentor=network,
            type='PSMT',
            pseudo_labeler=dict(type='ConfidenceWeight', threshold=.12),
            mixer=dict(type='NoMix'),
            perturbation=dict(type='VirtualAdversarial'),
            turn_iters=3), **changes}))
    torch.manual_seed(0)
    for network in (model.student, *model.teacher.networks):
        network.init_weights()
        perturb(network)
    return model.train()


def at(iteration):
    MessageHub.get_current_instance().update_info('iter', iteration)


@pytest.fixture(autouse=True)
def first_iteration():
    at(0)
    yield
    at(0)


def test_the_labels_are_those_of_the_mean_where_it_is_sure():
    model = method()
    teachers = copy.deepcopy(model.teacher)
    losses_of(model)
    weak = batch_of(model)[2]
    mean = sum(logits_of(each, weak) for each in teachers.networks) / 2
    weight, label = mean.softmax(1).max(1)
    sure = weight >= .12
    assert .05 < sure.float().mean() < .95
    torch.testing.assert_close(model.pseudo_weight, weight)
    assert torch.equal(model.pseudo_label,
                       label.masked_fill(~sure, IGNORE))


def test_the_loss_is_a_mean_over_confident_pixels():
    model = method(backward='joint', mixed_auxiliary='off',
                   perturbation=dict(type='VirtualAdversarial', eps=1e-9))
    student = copy.deepcopy(model.student)
    losses = losses_of(model)
    image, label, weak = batch_of(model)
    torch.testing.assert_close(
        losses['labeled.decode.loss_ce'],
        F.cross_entropy(logits_of(student, image), label, ignore_index=255))
    loss = F.cross_entropy(logits_of(student, weak), model.pseudo_label,
                           reduction='none', ignore_index=255)
    sure = model.pseudo_label != 255
    torch.testing.assert_close(
        losses['mixed.decode.loss_ce'],
        (loss * model.pseudo_weight)[sure].mean())


def test_both_passes_are_perturbed_against_both_teachers():
    model, found = method(), []
    original = model.perturbation.forward

    def spy(features, decoder):
        modes = {module.training for module in model.teacher.modules()}
        found.append((features, decoder, original(features, decoder)))
        assert modes == {module.training
                         for module in model.teacher.modules()}
        return found[-1][2]

    model.perturbation.forward = spy
    losses_of(model)
    assert [len(features[0]) for features, *_ in found] == [2, 2]
    for features, decoder, moved in found:
        assert isinstance(decoder, MeanDecoder)
        noise = [after - before for after, before in zip(moved, features)]
        norm = sum(each.flatten(1).square().sum(1) for each in noise).sqrt()
        assert norm.tolist() == pytest.approx([2, 2], rel=.05)
    teachers = model.eval().teacher
    features = [torch.rand_like(each) for each in found[0][0]]
    mean = sum(
        each.decode_head(features) for each in teachers.networks) / 2
    torch.testing.assert_close(
        MeanDecoder(teachers, (32, 64))(features),
        F.interpolate(mean, (32, 64), mode='bilinear'))


def test_noise_leaves_no_trace_in_the_teachers():
    """Their statistics follow the labeling pass alone."""
    model = method()
    losses_of(model)
    for network in model.teacher.networks:
        counts = {int(value) for name, value in network.named_buffers()
                  if name.endswith('num_batches_tracked')
                  and not name.startswith('auxiliary_head')}
        assert counts == {1}
        assert all(weight.grad is None and not weight.requires_grad
                   for weight in network.parameters())
    check_contract(model)


@pytest.mark.parametrize('iteration, moving', [
    (0, [0, 1]), (1, [0, 1]), (2, [0]), (4, [0]), (5, [1]), (7, [1]),
    (8, [0])])
def test_teachers_move_in_turns_after_the_warm_up(iteration, moving):
    model = method(warmup_iters=2)
    at(iteration)
    pairs = model.teacher_pairs()
    assert model.moving_teachers() == [pairs[index] for index in moving]


def test_only_the_teacher_whose_turn_it_is_moves(tmp_path):
    runner = make_runner(tmp_path, [HOOK], SGD, max_iters=2,
                         model=ps_mt_config(turn_iters=1))
    states, teacher = [], runner.model.teacher
    hook = next(each for each in runner.hooks
                if type(each).__name__ == 'MeanTeacherHook')
    finish = hook.finish

    def spy(runner):
        before = [copy.deepcopy(dict(each.named_parameters()))
                  for each in teacher.networks]
        finish(runner)
        states.append([
            any(not torch.equal(weight, old[name])
                for name, weight in each.named_parameters())
            for each, old in zip(teacher.networks, before)])

    hook.finish = spy
    runner.train()
    assert states == [[True, False], [False, True]]


def test_they_predict_together():
    model = method(predict_with='teacher').eval()
    assert model.networks == ['student', 'teacher']
    image = batch_of(model)[0]
    mean = sum(
        each.encode_decode(image, [dict(img_shape=(32, 64))] * 2)
        for each in model.teacher.networks) / 2
    samples = model.predict(image)
    for logits, sample in zip(mean, samples):
        torch.testing.assert_close(sample.seg_logits.data, logits)
        assert torch.equal(sample.pred_sem_seg.data[0], logits.argmax(0))
    raw = sum(each(image) for each in model.teacher.networks) / 2
    torch.testing.assert_close(model(image), raw)


def test_both_teachers_are_pushed(tmp_path):
    """One network alone would not be what predicts."""
    cfg = model_cfg(
        type='PSMT', pseudo_labeler=dict(type='ConfidenceWeight'),
        mixer=dict(type='NoMix'), turn_iters=3, predict_with='teacher',
        perturbation=dict(type='VirtualAdversarial'))
    model = MODELS.build(cfg)
    model.cfg = Config(dict(model=cfg))
    alone, weights = _what_predicts(model)
    assert alone['type'] == 'PSMT'
    assert weights.keys() == model.state_dict().keys()


def test_the_best_classes_of_the_assistant_count():
    core = torch.tensor([4., 0., 1.]).view(1, 3, 1, 1)
    other = torch.tensor([1., 3., 2.]).view(1, 3, 1, 1)
    for count, expected in ((1, [4., 1.5, 1.]), (2, [4., 1.5, 1.5]),
                            (3, [2.5, 1.5, 1.5])):
        assert assist(core, other, count).flatten().tolist() == expected


def test_boxes_of_cutmix():
    """Their area before it is cut off has the mean of a Beta(4, 4)."""
    mixer = BetaCutMix()
    torch.manual_seed(0)
    boxes = torch.stack([mixer.sample_boxes(3, 80, 160) for _ in range(500)])
    left, top, right, bottom = boxes.unbind(2)
    assert (left >= 0).all() and (right <= 160).all()
    assert (top >= 0).all() and (bottom <= 80).all()
    assert ((right > left) & (bottom > top)).all()
    inside = (left > 0) & (right < 160) & (top > 0) & (bottom < 80)
    width, height = right - left, bottom - top
    assert ((width - 2 * height).abs() <= 4)[inside].all()
    for batch, whole in zip(width, inside):  # one area for the batch
        assert len(batch[whole].unique()) <= 1
    assert (left == 0).any() and (right == 160).any()
    widest = torch.where(inside, width, 0).amax(1)
    known = widest > 0
    assert (widest[known] / 160).square().mean().item() == pytest.approx(
        .45, abs=.06)  # boxes that are cut off are larger than 1 / 2


def test_boxes_of_cutmix_on_cityscapes_come_from_any_image():
    """Pasted one after the other, from images that are not mixed."""
    mixer, count = MultiBoxCutMix(), 4
    shape = count, 24, 40
    image = torch.rand(count, 3, *shape[1:])
    label, weight = torch.randint(19, shape), torch.rand(shape)
    torch.manual_seed(0)
    mixed = mixer(None, (image, label, weight))

    torch.manual_seed(0)
    index = torch.randint(count, (3, count, 1, 1))[:, :, 0, 0]
    boxes = mixer.sample_boxes(count, *shape[1:])
    parts = image, label[:, None], weight[:, None]
    expected = [part.clone() for part in parts]
    for box in range(3):
        for i in range(count):
            left, top, right, bottom = boxes[i, box].tolist()
            for whole, part in zip(expected, parts):
                whole[i, :, top:bottom, left:right] = part[
                    index[box, i], :, top:bottom, left:right]
    assert len({*index.flatten().tolist()}) > 1
    for found, whole in zip(mixed[:3], expected):
        assert torch.equal(found, whole.view_as(found))
    same = (mixed.image == image).all(1)
    assert torch.equal(mixed.mask, ~same) and .1 < mixed.mask.float().mean()
    # Later steps of FST give the same images other labels.
    other = mix_labels(mixed, None, label + 1, weight / 2)
    assert torch.equal(other.image, mixed.image)
    assert torch.equal(other.label, mixed.label + 1)
    assert torch.equal(other.weight, mixed.weight / 2)
    with pytest.raises(ValueError, match='the batch has one image'):
        mixer(None, (image[:1], label[:1], weight[:1]))


def test_depth_zero_is_the_plain_method_bit_for_bit(tmp_path):
    model = ps_mt_config()
    plain, _ = trained(tmp_path / 'plain', HOOK, SGD, model=model)
    states = []
    for depth in (0, 2):
        hook = {**HOOK, 'type': 'FSTHook', 'depth': depth, 'restore': 'all'}
        states.append(trained(
            tmp_path / f'{depth}', hook, SGD, model=model)[0])
    assert_equal(states[0], plain)
    for part in ('student.', 'teacher.networks.0.', 'teacher.networks.1.'):
        assert any(not torch.equal(plain[name], states[1][name])
                   for name in plain if name.startswith(part)), part


def test_statistics_are_averaged(tmp_path):
    """Neither copied nor left to the teacher's own passes."""
    found = {}
    for buffers in ('average', 'copy', 'keep'):
        state, _ = trained(
            tmp_path / buffers, {**HOOK, 'buffers': buffers}, SGD,
            max_iters=2, model=ps_mt_config())
        found[buffers] = state[
            'teacher.networks.0.backbone.layer1.0.bn1.running_mean']
    assert not torch.equal(found['average'], found['copy'])
    assert not torch.equal(found['average'], found['keep'])


@pytest.mark.parametrize('changes, message', [
    (dict(turn_iters=0), 'PSMT: turn_iters must be at least 1, got 0'),
    (dict(ramp_iters=-1), 'PSMT: ramp_iters must be at least 0, got -1'),
    (dict(assist_classes=12), 'from 1 to the 11 classes, got 12'),
    (dict(pseudo_labeler=None), 'PSMT needs `model.pseudo_labeler`'),
    (dict(regularizer=dict(type='FeatureDistance', classes=[1])),
     'PSMT does not use `model.regularizer`'),
    (dict(pseudo_labeler=dict(type='ConfidenceWeight', threshold=2.)),
     'ConfidenceWeight: threshold'),
    (dict(mixer=dict(type='BetaCutMix', alpha=0)),
     'BetaCutMix: alpha must be above 0, got 0'),
])
def test_wrong_arguments_are_named(changes, message):
    with pytest.raises(ValueError, match=message):
        build_model(model_cfg(**{
            **dict(
                type='PSMT',
                pseudo_labeler=dict(type='ConfidenceWeight'),
                mixer=dict(type='NoMix'),
                perturbation=dict(type='VirtualAdversarial'),
                turn_iters=3), **changes}))
