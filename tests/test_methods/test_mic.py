"""MIC: its step by hand, and under every hook that moves the teacher."""
import copy
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.registry import init_default_scope
from test_engine.test_no_waiting import Waits
from test_engine.toy import (
    assert_equal,
    make_runner,
    model_config,
    prepare,
    segmentor_config,
    trained,
)

from mmseg_fst.models.losses import resize_logits
from mmseg_fst.registry import MODELS

SGD = dict(type='SGD', lr=.05, momentum=.9)
ADAMW = dict(type='AdamW', lr=1e-3)
MEAN_TEACHER = dict(type='MeanTeacherHook', decay=.9)
#: One that divides the images of 32 x 32 pixels, and two that do not.
BLOCKS = [8, 6, 13]


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


def mic(block_size=8, ratio=.5, **changes):
    return model_config(**{
        'type': 'MIC',
        'mask': dict(type='BlockMask', block_size=block_size, ratio=ratio),
        **changes
    })


def step(tmp_path, model, seed=0):
    """Model, batch and losses of one step past the warm-up."""
    runner = make_runner(tmp_path, [MEAN_TEACHER], SGD, model=model)
    batch = prepare(runner)
    model = runner.model
    with torch.no_grad():  # some layers start with zeros
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * .1)
    data = model.data_preprocessor(batch, True)
    before = copy.deepcopy(model)
    torch.manual_seed(seed)
    return before, data, model, model.loss(**data)


def heads(network):
    return dict(decode=network.decode_head, aux=network.auxiliary_head)


def weighted(logits, label, weight):
    return (weight * F.cross_entropy(
        logits, label, reduction='none', ignore_index=255)).mean()


def mask_by_hand(image, block_size):
    """Each block of each image is zero with a probability of a half."""
    count = max(1, round(32 / block_size))
    visible = torch.rand(2, count, count) >= .5
    for row in range(32):
        for column in range(32):
            block = visible[:, row * count // 32, column * count // 32]
            image[:, :, row, column] *= block[:, None]
    return image


@pytest.mark.parametrize('block_size', BLOCKS)
@pytest.mark.parametrize('auxiliary', ['weighted', 'plain', 'off'])
def test_the_step_against_the_one_by_hand(tmp_path, block_size, auxiliary):
    weights = dict(labeled=1., mixed=.5, masked=.25)
    before, data, model, losses = step(tmp_path, mic(
        block_size, segmentor=segmentor_config(dropout=0.), backward='joint',
        mixed_auxiliary=auxiliary, loss_weights=weights,
        pseudo_labeler=dict(type='Threshold', threshold=.25)))
    student, teacher = before.student.train(), before.teacher
    label = torch.cat([
        sample.gt_sem_seg.data for sample in data['data_samples']['labeled']])
    labeled, unlabeled = data['inputs']['labeled'], data['inputs']['unlabeled']
    expected = {}

    # The teacher labels the complete images.
    with torch.no_grad():
        logits = resize_logits(teacher(unlabeled), (32, 32), False)
    confidence, target = logits.softmax(1).max(1)
    weight = (confidence >= .25).float()

    # The same random numbers in the same order: mix, mixed colors, masked
    # colors, blocks.
    torch.manual_seed(0)
    mean, std = before.data_preprocessor.mean, before.data_preprocessor.std
    mixed = before.mixer((labeled, label), (unlabeled, target, weight))
    mixed = mixed._replace(image=before.photometric(mixed.image, mean, std))
    masked = before.photometric(unlabeled, mean, std)
    assert not torch.equal(masked, unlabeled)
    masked = mask_by_hand(masked, block_size)
    assert .2 < (masked == 0).float().mean() < .8

    uniform = torch.ones_like(weight)
    views = dict(
        labeled=(labeled, label, uniform),
        mixed=(mixed.image, mixed.label, mixed.weight),
        masked=(masked, target, weight))
    for part, (image, label, weight) in views.items():
        features = student.extract_feat(image)
        for name, head in heads(student).items():
            logits = resize_logits(head(features), (32, 32), False)
            if part != 'labeled' and name == 'aux':
                if auxiliary == 'off':
                    continue
                weight = uniform if auxiliary == 'plain' else weight
            expected[f'{part}.{name}.loss_ce'] = weights[part] * weighted(
                logits, label, weight)
    assert 0 < views['masked'][2].mean() < 1
    assert set(losses) == {*expected, 'pseudo_label_weight'}
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value, msg=name)
    for name, value in student.state_dict().items():  # with statistics
        assert torch.equal(value, model.student.state_dict()[name]), name

    # The gradient of them all.
    sum(losses[name] for name in expected).backward()
    sum(expected.values()).backward()
    for (name, actual), other in zip(model.student.named_parameters(),
                                   student.parameters()):
        if actual.grad is None:  # an auxiliary head learns from labels
            assert other.grad is None
        else:
            torch.testing.assert_close(actual.grad, other.grad, msg=name)


def test_staged_losses_and_gradients_are_the_joint_ones(tmp_path):
    found = {}
    for backward in ('staged', 'joint'):
        _, _, model, losses = step(tmp_path / backward,
                                   mic(backward=backward))
        sum(value for name, value in losses.items()
            if 'loss' in name).backward()
        found[backward] = losses, [
            weight.grad for weight in model.student.parameters()]
    for name, loss in found['joint'][0].items():
        assert torch.equal(loss, found['staged'][0][name]), name
    for pair in zip(*(gradients for _, gradients in found.values())):
        torch.testing.assert_close(*pair, rtol=1e-4, atol=1e-6)


def test_without_its_weight_it_is_the_mean_teacher(tmp_path):
    """But for the statistics, which see the masked images."""
    norm_cfg = dict(type='GN', num_groups=2)
    segmentor = segmentor_config(dropout=0.)
    for part in ('backbone', 'decode_head', 'auxiliary_head'):
        segmentor[part]['norm_cfg'] = norm_cfg
    changes = dict(segmentor=segmentor, photometric=None)
    found = []
    for index, model in enumerate([
            mic(loss_weights=dict(masked=0.), **changes),
            model_config(**changes)]):
        _, _, _, losses = step(tmp_path / f'{index}', model)
        found.append(losses)
    masked = {name for name in found[0] if name.startswith('masked')}
    assert len(masked) == 2 and set(found[1]) == set(found[0]) - masked
    assert all(found[0][name] == 0 for name in masked)
    for name, value in found[1].items():
        assert torch.equal(value, found[0][name]), name


def test_an_unknown_part_of_the_loss_is_refused():
    with pytest.raises(ValueError, match="'maskd'.*labeled, mixed, masked"):
        MODELS.build(mic(loss_weights=dict(maskd=1.)))


@pytest.mark.parametrize('broken', [
    lambda mask, image: image,  # nothing is masked
    lambda mask, image: mask(image.flip(0)),  # of another image
    lambda mask, image: mask(image[:1]).expand_as(image),
], ids=['none', 'other', 'same'])
def test_a_broken_mask_changes_the_loss(tmp_path, broken, monkeypatch):
    """That is, the losses compared above depend on the mask."""
    _, _, _, right = step(tmp_path / 'right', mic())
    forward = MODELS.get('BlockMask').forward
    monkeypatch.setattr(
        MODELS.get('BlockMask'), 'forward',
        lambda self, image: broken(lambda part: forward(self, part), image))
    _, _, _, wrong = step(tmp_path / 'wrong', mic())
    for name, value in right.items():
        assert torch.equal(value, wrong[name]) == (
            not name.startswith('masked')), name


@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
@pytest.mark.parametrize('restore', ['weights', 'all'])
def test_depth_zero_is_the_mean_teacher_hook_bit_for_bit(
        tmp_path, optimizer, restore):
    hook = dict(type='FSTHook', depth=0, restore=restore, decay=.9)
    fst, _ = trained(tmp_path / 'fst', hook, optimizer, model=mic())
    plain, _ = trained(tmp_path / 'plain', MEAN_TEACHER, optimizer,
                       model=mic())
    assert_equal(fst, plain)


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=1), dict(type='FSTHook', depth=3),
    dict(type='WideFSTHook', width=2)])
def test_look_ahead_changes_the_run(tmp_path, hook):
    fst, _ = trained(tmp_path / 'fst', hook, SGD, model=mic())
    plain, _ = trained(tmp_path / 'plain', dict(type='MeanTeacherHook'), SGD,
                       model=mic())
    assert any(not torch.equal(fst[name], plain[name])
               for name in fst if name.startswith('student'))


def assert_close(first, second):
    """Equal up to rounding."""
    for name, value in first.items():
        if value.is_floating_point():
            gap = (value - second[name]).norm()
            assert gap <= 1e-6 * value.norm().clamp(min=1e-3), name
        else:  # the number of batches that were seen
            assert torch.equal(value, second[name]), name


@pytest.mark.parametrize('depth', [1, 3])
@pytest.mark.parametrize('resample_mix', [True, False])
@pytest.mark.parametrize('optimizer', [SGD, ADAMW], ids=['sgd', 'adamw'])
def test_sharing_changes_nothing_if_all_is_restored(
        tmp_path, depth, resample_mix, optimizer):
    """Same mask and colors, so the same masked pass with other labels."""
    hook = dict(type='FSTHook', depth=depth, restore='all')
    model = mic(segmentor=segmentor_config(dropout=.1))
    shared, _ = trained(
        tmp_path / 'shared', dict(hook, resample_mix=resample_mix), optimizer,
        model=model)
    plain, _ = trained(
        tmp_path / 'plain', dict(hook, reuse=False), optimizer, model=model)
    assert_close(plain, shared)


@pytest.mark.parametrize('depth', [1, 3])
@pytest.mark.parametrize('changes, reused', [
    (dict(reuse=False), 0), (dict(), 1), (dict(resample_mix=False), 3)],
    ids=['none', 'labeled', 'all'])
def test_passes_and_masks_of_an_iteration(tmp_path, depth, changes, reused):
    """Three passes a step; the last step reuses passes of the first."""
    hook = dict(type='FSTHook', depth=depth, **changes)
    runner = make_runner(tmp_path, [hook], SGD, model=mic())
    batch, model = prepare(runner), runner.model
    images, masked = [], []
    model.student.backbone.register_forward_pre_hook(
        lambda module, args: images.append(args[0]))
    model.masked_consistency.mask.register_forward_hook(
        lambda module, args, output: masked.append(output))
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    model.train_step(batch, runner.optim_wrapper)
    runner.call_hook('after_train_iter', batch_idx=0, data_batch=batch)
    steps = depth + 1
    assert len(images) == 3 * steps - reused
    assert len(masked) == steps - (reused == 3)
    # Each is another sample, and passes through the student once.
    for index, image in enumerate(masked):
        assert sum(image is other for other in images) == 1
        assert not any(torch.equal(image, other) for other in masked[:index])
    assert model.step_cache is None


def test_graphs_of_both_mixed_and_masked_images_are_shared_in_bfloat16(
        tmp_path):
    """With the autocast of the CPU, and three virtual steps."""
    hook = dict(type='FSTHook', depth=3, restore='all')
    wrapper = dict(type='AutocastOptimWrapper', optimizer=SGD)
    states = [
        trained(tmp_path / f'{resample_mix}',
                dict(hook, resample_mix=resample_mix), SGD, model=mic(),
                optim_wrapper=wrapper)[0] for resample_mix in (True, False)]
    assert_close(*states)


@pytest.mark.parametrize('hook', [
    dict(type='FSTHook', depth=2),
    dict(type='FSTHook', depth=2, resample_mix=False)], ids=['fst', 'graph'])
def test_a_step_waits_nowhere_else_than_the_mean_teacher(tmp_path, hook):
    places = []
    # Always all of it: it reads random numbers on the CPU, where they are.
    photometric = dict(type='StrongPhotometric', jitter_prob=1., blur_prob=1.)
    for index, build in enumerate([model_config, mic]):
        model = build(photometric=photometric)
        runner = make_runner(tmp_path / f'{index}', [hook], ADAMW, model=model)
        batch = prepare(runner)
        with Waits() as waits:
            runner.call_hook('before_train_iter', batch_idx=0,
                             data_batch=batch)
            runner.model.train_step(batch, runner.optim_wrapper)
        places.append(set(waits.places))
    assert places[1] == places[0]
    assert not {'mic', 'block_mask', 'masking'} & {
        Path(file).stem for file, *_ in places[1]}


def test_warm_up_needs_no_mask(tmp_path):
    """The first iterations learn from labels only."""
    runner = make_runner(tmp_path, [MEAN_TEACHER], SGD,
                         model=mic(warmup_iters=1))
    batch = prepare(runner)
    losses = runner.model.loss(**runner.model.data_preprocessor(batch, True))
    assert {name.partition('.')[0] for name in losses} == {'labeled'}


def load(name):
    return Config.fromfile(REPOSITORY / 'configs' / f'{name}.py').to_dict()


def test_fst_d_on_mic_is_another_hook_alone():
    base = load('uda/gta2cityscapes_mit-b5-daformer_mic')
    fst = load('uda/gta2cityscapes_mit-b5-daformer_mic_fst-d')
    assert set(base) == set(fst)
    assert {key for key in base if base[key] != fst[key]} == {'custom_hooks'}
    assert [hook['type'] for hook in fst['custom_hooks']] == ['FSTHook']


def test_the_cell_is_daformer_with_the_masks_of_the_release():
    mic_model = load('uda/gta2cityscapes_mit-b5-daformer_mic')['model']
    daformer = load('uda/gta2cityscapes_mit-b5-daformer_daformer')['model']
    assert mic_model.pop('type') == 'MIC'
    assert daformer.pop('type') == 'MeanTeacher'
    # Half of HRDA's 64 pixels at half the resolution.
    assert mic_model.pop('mask') == dict(
        type='BlockMask', block_size=32, ratio=.7)
    assert mic_model == daformer
    assert mic_model['pseudo_labeler']['threshold'] == .968


@pytest.mark.parametrize('task', [
    'synthia2cityscapes', 'cityscapes2acdc', 'cityscapes2darkzurich'])
def test_cells_of_hrda_mask_what_the_release_masks(task):
    """Experiment 80: its ``mask_mode`` is all that differs by target."""
    first = load('uda/gta2cityscapes_mit-b5-hrda_mic')['model']
    other = load(f'uda/{task}_mit-b5-hrda_mic')['model']
    separate = {} if task.startswith('synthia') else dict(
        masked_images='both', augment_masked=False)
    assert other == {**first, **separate}
    assert first['mask'] == dict(type='BlockMask', block_size=64, ratio=.7)
    for depth in ('fst', 'fst-d'):
        assert load(f'uda/{task}_mit-b5-hrda_mic_{depth}')['model'] == other
