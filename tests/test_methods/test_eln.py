"""ELN: what decoders and localizer learn, which labels remain, and FST."""
import copy

import pytest
import torch
import torch.nn.functional as F
from helpers import IGNORE, make_batch, network_cfg, preprocessor_cfg
from mmengine.config import ConfigDict
from torch import nn

from mmseg_fst.models import CropContrast
from mmseg_fst.ops import balanced_cross_entropy, class_contrast
from mmseg_fst.registry import HOOKS, MODELS
from tests.test_engine.test_processes import run
from tests.test_engine.toy import (
    assert_equal,
    eln_config,
    make_runner,
    trained,
)

SGD = dict(type='SGD', lr=.05, momentum=.9)
EMA = dict(type='MeanTeacherHook', decay=.9, when='after')


def model_cfg(**changes):
    network = network_cfg(dropout=0.)
    for head in ('decode_head', 'auxiliary_head'):
        network[head]['loss_decode']['avg_non_ignore'] = True
    return ConfigDict({
        **dict(
            type='ELN',
            segmentor=network,
            localizer=dict(
                type='ErrorLocalizer', network=network_cfg(dropout=.5)),
            contrast=dict(type='CropContrast', num_crops=2, crop_size=4),
            factors=(1., 1e6),
            data_preprocessor=preprocessor_cfg()), **changes
    })


def eln(**changes):
    torch.manual_seed(0)
    model = MODELS.build(model_cfg(**changes))
    model.init_weights()
    model.teacher.load_state_dict(model.student.state_dict())
    return model.train()


def losses_of(model, sizes=None):
    data = model.data_preprocessor(make_batch(), True)
    for sample in data['data_samples']['unlabeled']:
        sample.set_metainfo(dict(img_shape=sizes or (32, 64)))
    torch.manual_seed(1)
    return model(**data, mode='loss')


def trained_by(losses, model, part):
    """Networks with a gradient of the losses of a part."""
    model.zero_grad()
    sum(value for name, value in losses.items()
        if name.startswith(part) and 'loss' in name).backward(
            retain_graph=True)
    return {
        name for name, module in [('student', model.student),
                                  *model.auxiliary.items()]
        if any(weight.grad is not None and weight.grad.any()
               for weight in module.parameters())
    }


# Formulas.


def test_errors_weigh_as_much_as_all_the_rest():
    logits = torch.randn(2, 6, 7, dtype=torch.float64)
    right = torch.rand(2, 6, 7) < .8
    counted = torch.rand(2, 6, 7) < .9
    loss = F.binary_cross_entropy_with_logits(
        logits, right.double(), reduction='none')
    correct, wrong = loss[counted & right], loss[counted & ~right]
    want = (correct.sum() + wrong.sum() * len(correct) / len(wrong)) / (
        len(correct) + len(wrong))
    torch.testing.assert_close(
        balanced_cross_entropy(logits, right, counted), want)
    everything = torch.ones_like(right)
    torch.testing.assert_close(
        balanced_cross_entropy(logits, everything, everything),
        F.softplus(-logits).mean())
    assert balanced_cross_entropy(logits, right, ~everything) == 0


def test_the_contrast_by_hand():
    anchor, feature = torch.randn(2, 2, 3, 4, 5, dtype=torch.float64)
    label = torch.randint(0, 3, (2, 4, 5))
    label[0, 0] = IGNORE
    rows = [F.normalize(value.movedim(1, -1).reshape(-1, 3), dim=1)
            for value in (anchor, feature)]
    flat, losses = label.flatten(), []
    for class_id in flat[flat != IGNORE].unique():
        own, other = flat == class_id, (flat != class_id) & (flat != IGNORE)
        positive, negative = (
            torch.exp(rows[0][own] @ rows[1][chosen].T / .5).sum()
            for chosen in (own, other))
        losses.append(
            -torch.log(positive / (positive + negative)) / own.sum())
    torch.testing.assert_close(  # the fourth class does not occur
        class_contrast(anchor, feature, label, 4, .5),
        torch.stack(losses).mean())
    nothing = torch.full_like(label, IGNORE)
    assert class_contrast(anchor, feature, nothing, 4, .5) == 0


def test_crops_are_sampled_anew(monkeypatch):
    crops = []
    monkeypatch.setattr(
        'mmseg_fst.models.crop_contrast.class_contrast',
        lambda anchor, feature, label, *_: crops.append(label) or
        feature.sum())
    module = CropContrast(num_crops=20, crop_size=4)
    label = torch.arange(54).view(1, 6, 9)
    module(label[:, None].float(), label[:, None].float(), label, 60)
    assert all(crop.shape == (1, 4, 4) for crop in crops)
    assert len({int(crop[0, 0, 0]) for crop in crops}) > 5
    module(label[:, None, :3].float(), label[:, None, :3].float(),
           label[:, :3], 60)
    assert crops[-1].shape == (1, 3, 4)


# Who learns what.


def test_each_loss_trains_its_networks():
    model = eln(backward='joint')
    losses = losses_of(model)
    assert trained_by(losses, model, 'labeled') == {'student'}
    assert trained_by(losses, model, 'decoders') == {'decoders'}
    assert trained_by(losses, model, 'localizer') == {'localizer'}
    for part in ('strong', 'weak', 'contrast'):
        assert trained_by(losses, model, part) == {'student'}
    assert all(weight.grad is None for weight in model.teacher.parameters())


def test_a_decoder_learns_while_it_is_worse():
    model = eln(backward='joint')
    with torch.no_grad():
        for head in model.auxiliary['decoders'].heads:
            head.conv_seg.weight.mul_(300)
    losses = losses_of(model)
    assert losses['decoders.loss_0'] > losses['labeled.decode.loss_ce']
    assert losses['decoders.loss_1'] == 0  # a million times is not reached
    losses['decoders.loss_1'].backward(retain_graph=True)
    assert not any(
        weight.grad.any()
        for weight in model.auxiliary['decoders'].heads[1].parameters())


@pytest.mark.parametrize('released', [False, True])
def test_pixels_without_a_label_count_as_wrong_in_the_release(released):
    model = eln()
    localizer = model.auxiliary['localizer']
    localizer.match_release = released
    localizer.forward = lambda image, logits: torch.full_like(
        logits[:, :1], 3.)
    label = torch.zeros(1, 8, 8, dtype=torch.long)
    label[:, 0] = IGNORE
    logits = torch.zeros(1, 11, 8, 8)
    logits[:, 0] = 1  # all that counts is right
    loss = localizer.loss(torch.zeros(1, 3, 8, 8), logits, label, IGNORE)
    right, wrong = (F.softplus(torch.tensor(sign * 3.)) for sign in (-1, 1))
    want = (56 * right + 8 * 7 * wrong) / 64 if released else right
    torch.testing.assert_close(loss, want)


# Which labels remain.


def test_labels_found_wrong_are_ignored(monkeypatch):
    model = eln()
    localizer = model.auxiliary['localizer']
    side = [side for side in batches_of(model).sides.values()][1]
    image = side.image
    model.teacher.eval()
    before = copy.deepcopy(localizer.state_dict())
    label, _ = model._filtered_labels(side)
    logits = model.teacher(image)
    localizer.load_state_dict(before)
    right = localizer.find_right(image, logits)
    assert 0 < right.float().mean() < 1
    assert torch.equal(
        label, torch.where(right, logits.argmax(1), IGNORE))


def batches_of(model):
    from mmseg_fst.methods import Batch
    data = model.data_preprocessor(make_batch(), True)
    return Batch(data['inputs'], data['data_samples'])


def test_the_localizer_judges_without_dropout():
    localizer = eln().auxiliary['localizer']
    modes = [module.training for module in localizer.modules()]
    image, logits = torch.rand(2, 3, 32, 64), torch.randn(2, 11, 8, 16)
    statistics = localizer.network.backbone.stem[1].running_mean.clone()
    first, second = (
        localizer.find_right(image, logits) for _ in range(2))
    assert torch.equal(first, second)
    assert modes == [module.training for module in localizer.modules()]
    assert not torch.equal(
        statistics, localizer.network.backbone.stem[1].running_mean)


def test_without_any_right_pixel_nothing_is_learned():
    model = eln(backward='joint')
    model.auxiliary['localizer'].find_right = (
        lambda image, logits: torch.zeros_like(logits[:, 0]) > 0)
    losses = losses_of(model)
    assert losses['pseudo_label_weight'] == 0
    for name in ('strong.loss_ce', 'weak.loss_ce', 'contrast.loss_weak'):
        assert losses[name] == 0
    sum(value for name, value in losses.items() if 'loss' in name).backward()
    assert all(torch.isfinite(weight.grad).all()
               for weight in model.student.parameters())


def test_padding_at_the_left_has_no_label():
    """Of images that are padded before they are flipped."""
    model = eln()
    model.auxiliary['localizer'].find_right = (
        lambda image, logits: torch.ones_like(logits[:, 0]) > 0)
    side = batches_of(model).unlabeled
    for sample in side.samples:
        sample.set_metainfo(dict(
            img_shape=(32, 48), padding_size=(16, 0, 0, 0)))
    label, _ = model._filtered_labels(side)
    width = label.shape[2]
    assert (label[..., :width // 4] == IGNORE).all()
    assert (label[..., width // 4:] != IGNORE).all()


def test_padding_has_no_label():
    model = eln()
    model.auxiliary['localizer'].find_right = (
        lambda image, logits: torch.ones_like(logits[:, 0]) > 0)
    assert losses_of(model)['pseudo_label_weight'] == 1
    assert losses_of(model, (32, 48))['pseudo_label_weight'] == .75


# Phases, hooks and FST.


def test_in_the_second_phase_localizer_and_decoders_learn():
    model = eln(warmup_iters=1)
    losses = losses_of(model)
    assert {name.split('.')[0] for name in losses} == {
        'labeled', 'decoders', 'localizer', 'loss_unused'}
    sum(losses.values()).backward()
    assert all(weight.grad is not None
               for weight in model.trained_parameters())


@pytest.mark.parametrize('first', [0, 3])
def test_before_the_third_phase_the_teacher_is_the_student(tmp_path, first):
    """Its running statistics, too."""
    state, _ = trained(
        tmp_path, {**EMA, 'copy_iters': 3}, SGD, max_iters=3,
        model=eln_config(supervised_iters=first, warmup_iters=3))
    names = [name.removeprefix('teacher.') for name in state
             if name.startswith('teacher.')]
    assert any('running_var' in name for name in names)
    for name in names:
        assert torch.equal(
            state[f'teacher.{name}'], state[f'student.{name}']), name


def test_in_the_first_phase_the_student_learns_alone():
    model = eln(supervised_iters=1, warmup_iters=2)
    losses = losses_of(model)
    assert {name.split('.')[0] for name in losses} == {
        'labeled', 'loss_unused'}
    sum(losses.values()).backward()
    assert all(weight.grad is not None and not weight.grad.any()
               for weight in model.auxiliary.parameters())


def test_the_student_starts_again_from_its_teacher(tmp_path):
    hook = dict(type='StudentResetHook', interval=2)
    runner = make_runner(
        tmp_path, [hook, EMA], SGD, max_iters=6,
        model=eln_config(warmup_iters=1))
    equal, model = [], runner.model
    loss = model.loss

    def spy(*args):
        equal.append(all(
            torch.equal(own, other) for own, other in zip(
                model.student.parameters(), model.teacher.parameters())))
        return loss(*args)

    model.loss = spy
    runner.train()
    # In the beginning, and 2 and 4 iterations after the first one.
    assert equal == [True, True, False, True, False, True]


def test_a_wrong_reset_is_refused(tmp_path):
    with pytest.raises(ValueError, match='interval must be at least 1'):
        HOOKS.build(dict(type='StudentResetHook', interval=0))
    runner = make_runner(
        tmp_path, [dict(type='StudentResetHook', interval=2)], SGD,
        model=dict(
            type='Supervised', segmentor=eln_config()['segmentor'],
            data_preprocessor=eln_config()['data_preprocessor']))
    with pytest.raises(ValueError, match='Supervised has no teacher'):
        runner.train()


def test_depth_zero_is_the_method_bit_for_bit(tmp_path):
    model = eln_config()
    plain, _ = trained(tmp_path / 'plain', EMA, SGD, model=model)
    states = [
        trained(tmp_path / f'{depth}', {
            **EMA, 'type': 'FSTHook', 'depth': depth, 'restore': 'all'
        }, SGD, model=model)[0] for depth in (0, 2)
    ]
    assert_equal(states[0], plain)
    assert any(not torch.equal(states[1][name], plain[name])
               for name in plain if name.startswith('student'))


@pytest.mark.slow
def test_two_processes_agree(tmp_path):
    """Each parameter has a gradient in each phase, else it would fail."""
    first, second = (
        result['state'] for result in run(tmp_path / 'two', EMA, 2, 2, 'eln'))
    for name, value in first.items():
        torch.testing.assert_close(
            value, second[name], rtol=0, atol=0, msg=name)
    assert any(name.startswith('auxiliary.localizer') for name in first)


@pytest.mark.parametrize('changes, message', [
    (dict(factors=(.5, )), r'factors must be at least 1, got \(0.5,\)'),
    (dict(supervised_iters=3, warmup_iters=2),
     r'supervised_iters must be in \[0, 2\], got 3'),
    (dict(mixer=dict(type='NoMix')), 'does not use `model.mixer`'),
    (dict(pseudo_labeler=dict(type='Threshold')), '`model.pseudo_labeler`'),
    (dict(loss_weights=dict(mixed=1.)), 'localizer, strong, weak, contrast'),
    (dict(contrast=dict(type='CropContrast', temperature=0.)),
     'temperature must be positive, got 0'),
])
def test_what_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        MODELS.build(model_cfg(**changes))


def test_gradients_do_not_depend_on_when_they_are_computed():
    gradients = []
    for when in ('staged', 'joint'):
        model = eln(backward=when)
        for module in model.modules():
            if isinstance(module, (nn.Dropout, nn.Dropout2d)):
                module.p = 0.
        losses = losses_of(model)
        sum(value for name, value in losses.items()
            if 'loss' in name).backward()
        gradients.append([
            weight.grad for weight in model.trained_parameters()])
    for first, second in zip(*gradients):
        torch.testing.assert_close(first, second)
