"""A training step: when passes are differentiated, and how many there are."""
import ast
import gc
import inspect
import weakref

import pytest
import torch
from helpers import REPOSITORY, make_batch
from ssl_methods import method
from test_engine.toy import make_runner, model_config, prepare

from mmseg_fst.methods import Method, Step
from mmseg_fst.registry import MODELS

SGD = dict(type='SGD', lr=.05, momentum=.9)


@pytest.mark.parametrize('flags, passes', [
    (dict(reuse=False), 4),
    ({}, 3),
    (dict(resample_mix=False), 2),
], ids=['no reuse', 'reuse', 'shared graph'])
def test_passes_of_the_student_in_an_iteration_of_fst(tmp_path, flags,
                                                      passes):
    """Of one virtual step and the real one, counted at encoder and head."""
    runner = make_runner(
        tmp_path, [dict(type='FSTHook', depth=1, **flags)], SGD,
        model=model_config())
    batch = prepare(runner)
    model, encoder, head = runner.model, [], []
    model.student.backbone.register_forward_hook(
        lambda *_: encoder.append(1))
    model.student.decode_head.register_forward_hook(lambda *_: head.append(1))
    runner.call_hook('before_train_iter', batch_idx=0, data_batch=batch)
    model.train_step(batch, runner.optim_wrapper)
    assert len(encoder) == len(head) == passes


def losses_of(model, train_on):
    """Losses of one step that is written as a function."""
    model.train_on = train_on
    return model(**model.data_preprocessor(make_batch(), True), mode='loss')


@pytest.mark.parametrize('backward, graphs', [
    ('staged', [0, 0, 0]), ('separate', [0, 0, 0]), ('joint', [0, 1, 2])])
def test_one_graph_at_a_time(backward, graphs):
    """The graph of a pass is freed before the next pass begins."""
    model = method('ssl_fixmatch', backward=backward)
    saved, alive = [], []

    def compute(side):
        gc.collect()
        alive.append(sum(storage() is not None for storage in saved))
        features = model.student.backbone(side.image)
        saved.append(weakref.ref(features[-1].untyped_storage()))
        loss = features[-1].square().mean()
        return {f'loss_{len(saved)}': loss}, None

    def train_on(step, batch):
        for name in 'abc':
            step.learn(name, lambda: compute(batch.labeled))

    losses_of(model, train_on)
    assert alive == graphs


def test_outputs_and_names_of_a_step():
    """Losses of a part are weighted and prefixed, scalars are not."""
    model = method('ssl_fixmatch', loss_weights=dict(labeled=.5, mixed=2.))
    weight = model.student.decode_head.conv_seg.weight

    def train_on(step, batch):
        loss = weight.sum()
        assert step.learn(
            'a', lambda: (dict(labeled=dict(loss_x=loss)), 'seen')) == 'seen'
        step.learn('b', lambda: (dict(mixed={'aux.loss_y': loss}), None))
        step.learn('c', lambda: (dict(loss_z=loss), None))
        step.log(share=torch.tensor(3.))

    losses = losses_of(model, train_on)
    value = weight.sum()
    assert {name: loss.item() for name, loss in losses.items()} == (
        pytest.approx({
            'labeled.loss_x': .5 * value.item(),
            'mixed.aux.loss_y': 2 * value.item(),
            'loss_z': value.item(), 'share': 3.}))
    model.parse_losses(losses)[0].backward()
    torch.testing.assert_close(weight.grad, torch.full_like(weight, 3.5))


def test_without_a_gradient_nothing_is_differentiated():
    model = method('ssl_fixmatch')
    data = model.data_preprocessor(make_batch(again=True), True)
    with torch.no_grad():
        losses = model(**data, mode='loss')
    assert not any(loss.requires_grad for loss in losses.values())
    assert Step(model).staged


@pytest.mark.parametrize('name, images', [('ssl_unimatch', 8),
                                          ('ssl_fixmatch', 4)])
def test_weak_logits_are_gone_when_the_mixed_pass_begins(name, images):
    """Logits of labeled, weak and perturbed images, and their storage."""
    model = method(name)
    storages, checked = [], []
    head = model.student.decode_head

    def note(module, args, output):
        if not module.training:  # second crops
            return
        storages.append(weakref.ref(output.untyped_storage()))
        assert len(output) == (4 if checked and name == 'ssl_unimatch' else
                               2 if checked else images)

    head.register_forward_hook(note)
    resized = []
    pseudo_labels = model.pseudo_labels

    def spy(side, logits):
        resized.append(weakref.ref(logits.untyped_storage()))
        resized.append(weakref.ref(logits))
        return pseudo_labels(side, logits)

    model.pseudo_labels = spy
    original = model.features_of

    def features_of(image):
        gc.collect()
        checked.append(
            [storage() is None for storage in (*storages, *resized)])
        return original(image)

    model.features_of = features_of
    data = model.data_preprocessor(make_batch(again=True), True)
    model.parse_losses(model(**data, mode='loss'))[0].backward()
    assert checked == [[True] * 5]  # second crops as well


# How methods are written.


def lines_of(node):
    """Number of lines of a function or class, its docstring included."""
    return node.end_lineno - node.lineno + 1


METHOD_FILES = sorted(
    path for path in (REPOSITORY / 'mmseg_fst' / 'methods').glob('*.py')
    if any(isinstance(node, ast.ClassDef) and any(
        isinstance(part, ast.FunctionDef) and part.name == 'train_on'
        for part in node.body) for node in ast.parse(path.read_text()).body))


def test_every_method_is_in_one_of_these_files():
    classes = [
        cls for cls in MODELS.module_dict.values()
        if inspect.isclass(cls) and issubclass(cls, Method)
        and cls.__module__.startswith('mmseg_fst.')]
    files = {inspect.getfile(cls) for cls in classes}
    assert len(files) == len(classes) >= 9, 'one file each'
    # UniMatch is FixMatch with another weak pass, VFMUDA is MIC with other
    # views, ReleasedCoTraining is CoTraining that selects pixels otherwise.
    assert len(files - set(map(str, METHOD_FILES))) <= 3


@pytest.mark.parametrize('path', METHOD_FILES, ids=lambda path: path.stem)
def test_a_method_is_short(path):
    text = path.read_text()
    if path.stem != 'method':  # what all methods share
        assert text.count('\n') <= 150
    for cls in ast.parse(text).body:
        for node in getattr(cls, 'body', []):
            if isinstance(node, ast.FunctionDef) and node.name == 'train_on':
                assert lines_of(node) <= 40


def test_two_passes_with_losses_of_one_name_are_refused():
    model = method('ssl_unimatch_v2')

    def train_on(step, batch):
        for name in ('first', 'second'):
            step.learn(name, lambda: model.supervised(batch.labeled))

    with pytest.raises(ValueError, match="two passes .*'labeled.decode"):
        losses_of(model, train_on)
