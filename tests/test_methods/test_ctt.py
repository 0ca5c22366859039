"""CTT: teachers are exchanged, banks are filled once in an iteration."""
import copy

import pytest
import torch
from helpers import make_batch, model_cfg, preprocessor_cfg
from mmengine.config import Config, ConfigDict
from ssl_methods import FOLDER
from students import student_cfg

from mmseg_fst.models import CrossBankContrast
from mmseg_fst.registry import MODELS

from ..test_engine.toy import (  # noqa: TID252
    assert_equal,
    ctt_config,
    make_runner,
    trained,
)

CONTRAST = dict(type='CrossBankContrast', capacity=2, per_step=2,
                min_score=0., threshold=.16)


def ctt_cfg(**changes):
    cfg = model_cfg(**{**dict(
        type='CTT', students=dict(left=student_cfg(), right=student_cfg()),
        data_preprocessor=preprocessor_cfg(), mixer=None,
        pseudo_labeler=dict(type='ConfidentRatio', threshold=.1),
        contrast=CONTRAST), **changes})
    cfg.pop('segmentor', None)
    return cfg


def ctt(**changes):
    torch.manual_seed(0)
    model = MODELS.build(ConfigDict(ctt_cfg(**changes)))
    model.init_weights()
    with torch.no_grad():
        for weight in [*model.student.parameters(),
                       *model.teacher.parameters()]:
            weight.add_(torch.randn_like(weight) * .1)
    return model.train()


def losses_of(model):
    torch.manual_seed(0)
    return model(**model.data_preprocessor(make_batch(), True), mode='loss')


def filled(model):
    """Fill the banks with random vectors."""
    for bank in model.contrast.banks.values():
        bank.queue.normal_()
        bank.known.fill_(True)
    return model


def test_each_student_learns_from_the_teacher_of_the_other():
    model = ctt()
    targets = {}
    original = model._exchanged_labels

    def exchanged(side):
        found = original(side)
        targets.update(found[0])
        image = side.image
        for name, peer in (('left', 'right'), ('right', 'left')):
            label = torch.nn.functional.interpolate(
                model.teacher[peer](image), image.shape[2:], mode='bilinear',
                align_corners=False).argmax(1)
            assert torch.equal(found[0][name].label, label)
        return found

    model._exchanged_labels = exchanged
    losses = losses_of(model)
    assert set(targets) == {'left', 'right'}
    assert not torch.equal(targets['left'].label, targets['right'].label)
    assert losses['left.mixed.decode.loss_ce'] > 0
    # What figures show is of one student.
    assert torch.equal(model.pseudo_label, targets['left'].label)
    assert torch.equal(model.mixed.label, targets['left'].label)


def test_losses_of_the_students_are_summed():
    model = ctt(contrast=None, loss_weights=dict(mixed=3.))
    plain = losses_of(ctt(contrast=None))
    for name, loss in losses_of(model).items():
        if 'loss' in name:
            factor = 3 if '.mixed.' in name else 1
            assert torch.equal(loss, factor * plain[name]), name
    assert not any('contrast' in name for name in plain)


def test_contrasts_begin_when_all_banks_are_full():
    model = ctt()
    keys = [f'{name}.{part}.loss_contrast' for name in ('left', 'right')
            for part in ('high', 'low')]
    losses = losses_of(model)
    assert all(losses[key] == 0 for key in keys)
    filled(model)
    losses = losses_of(model)
    assert all(losses[key] > 0 for key in keys)
    model.contrast.banks['right'].known[3, 0] = False
    losses = losses_of(model)
    assert all(losses[key] == 0 for key in keys)


def test_a_student_has_no_gradient_by_the_contrast_of_the_other():
    model = filled(ctt())
    losses = losses_of(model)
    for part in ('high', 'low'):
        gradients = torch.autograd.grad(
            losses[f'left.{part}.loss_contrast'],
            [next(network.backbone.parameters())
             for network in model.student.values()],
            retain_graph=True, allow_unused=True)
        assert gradients[0].abs().sum() > 0
        assert gradients[1] is None or not gradients[1].any()


def test_sure_pixels_go_to_the_bank_and_others_to_the_peer():
    model = filled(ctt())
    contrast, found = model.contrast, {}
    for part in ('high', 'low'):
        original = getattr(contrast, part)

        def spy(*args, original=original, part=part):
            found.setdefault(part, []).append(args)
            return original(*args)

        setattr(contrast, part, spy)
    losses_of(model)
    confidence, unsure = found['high'][0][3], found['low'][0][2]
    count = len(confidence) - len(unsure)
    assert (confidence[:count] == 1).all()
    known = model.pseudo_label.new_ones(()).bool()
    assert 0 < unsure.float().mean() < 1
    assert not ((confidence[count:] >= contrast.threshold) & unsure
                & known).any()


def test_a_step_that_does_not_count_leaves_the_banks():
    model = ctt()
    losses_of(model)
    before = copy.deepcopy(model.contrast.state_dict())
    model.discard()
    model.commit()
    assert_equal(before, model.contrast.state_dict())
    losses_of(model)
    model.commit()
    known = model.contrast.banks['left'].known
    assert known.any() and (known.sum(1) <= 2).all()


SGD = dict(type='SGD', lr=.05, momentum=.9)


def test_fst_of_depth_zero_is_the_method_and_of_depth_two_is_not(tmp_path):
    options = dict(decay=.9, when='after')
    states = [
        trained(tmp_path / str(index), dict(hook, **options), SGD,
                model=ctt_config(), max_iters=3)[0]
        for index, hook in enumerate((
            dict(type='MeanTeacherHook'), dict(type='FSTHook', depth=0),
            dict(type='FSTHook', depth=2)))
    ]
    assert any('contrast.banks' in name for name in states[0])
    assert_equal(*states[:2])
    for network in ('teacher.left', 'teacher.right'):
        assert any(not torch.equal(value, states[2][name])
                   for name, value in states[0].items()
                   if name.startswith(network))


@pytest.mark.parametrize('depth', [0, 2])
def test_banks_take_pixels_once_in_an_iteration(tmp_path, depth):
    hook = dict(type='FSTHook', depth=depth, when='after')
    runner = make_runner(tmp_path, [hook], SGD, max_iters=1,
                         model=ctt_config(contrast=dict(
                             CONTRAST, capacity=50, per_step=3)))
    runner.train()
    for bank in runner.model.contrast.banks.values():
        assert bank.known.sum(1).max() == 3


def test_the_released_one_has_no_contrast():
    def read(name):
        return Config.fromfile(str(FOLDER / f'{name}.py')).model

    paper, released = read('ssl_ctt'), read('ssl_ctt_released')
    assert released.contrast is None
    assert paper.contrast.type == 'CrossBankContrast'
    assert {**paper, 'contrast': None} == dict(released)


@pytest.mark.parametrize('changes, message', [
    (dict(students=dict(left=student_cfg())), r'two, not \[.left.\]'),
    (dict(students=dict(left=student_cfg(), right=student_cfg(True))),
     'must have the same num_classes and channels'),
    (dict(warmup_iters=3), 'CTT does not use .*warmup_iters'),
    (dict(mixer=dict(type='NoMix')), 'CTT does not use `model.mixer`'),
    (dict(contrast=dict(CONTRAST, min_score=2.)),
     'CrossBankContrast: min_score must be in'),
    (dict(contrast=dict(CONTRAST, capacity=0)),
     'CrossBankContrast: capacity and per_step'),
])
def test_wrong_arguments_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        ctt(**changes)


def test_every_network_has_a_bank_of_its_own():
    contrast = CrossBankContrast(3, 4, ['left', 'right'], capacity=2)
    assert contrast.banks['left'].queue.shape == (3, 2, 4)
    assert not contrast.full
