"""Masked images in every method that has a teacher."""
import copy

import pytest
import torch
from test_engine.toy import (
    PastedPairs,
    ael_config,
    assert_equal,
    cct_config,
    ctt_config,
    eln_config,
    make_runner,
    model_config,
    prepare,
    ps_mt_config,
    reco_config,
    segmentor_config,
    trained,
    u2pl_config,
)

from mmseg_fst.methods import Batch, MaskedPass
from mmseg_fst.models.losses import all_logits, pseudo_losses
from mmseg_fst.registry import MODELS

SGD = dict(type='SGD', lr=.05, momentum=.9)
MASKED = dict(
    type='MaskedPass', mask=dict(type='BlockMask', block_size=8, ratio=.5))
#: Nothing is hidden, so that the loss can be computed again.
VISIBLE = dict(
    type='MaskedPass', mask=dict(type='BlockMask', ratio=0.), augment=False)


def cutmix_config():
    return model_config(
        type='CutMixMeanTeacher', mixer=dict(type='HalfCutMix'),
        pseudo_filter=dict(type='EntropyPercentile', percentile=80),
        photometric=None, mixed_auxiliary='off', teacher_mode='eval')


def unimatch_config():
    return model_config(
        type='UniMatchV2', perturbation=dict(type='ComplementaryDropout'),
        pseudo_labeler=dict(type='Threshold', threshold=.2),
        mixer=dict(type='CutMix'))


#: Each method with a single student and a moving average of it.
METHODS = dict(
    MeanTeacher=model_config, CutMixMeanTeacher=cutmix_config,
    U2PL=u2pl_config, AEL=ael_config, ELN=eln_config, ReCo=reco_config,
    UniMatchV2=unimatch_config, PSMT=ps_mt_config,
    CCT=lambda: cct_config(label_with='teacher', perturbations=[
        (1, dict(type='ContextMask'))]))


def config(name, masked=MASKED, **changes):
    return {**METHODS[name](), 'masked_consistency': masked, **changes}


def loader(name):
    """Data of a method, as changes of a runner."""
    if name != 'AEL':
        return {}
    sampler = dict(type='PairedSampler', seed=0)
    return dict(train_dataloader=dict(
        batch_size=2, num_workers=0, dataset=PastedPairs(), sampler=sampler))


def labels_of(model, side):
    """Pseudo-labels of the teacher, by the rule of the method."""
    if hasattr(model, 'ensemble_labels'):
        return model.ensemble_labels(side)
    if model.pseudo_labeler is not None:
        return model.pseudo_labels(side)
    if hasattr(model, '_filtered_labels'):
        label, _ = model._filtered_labels(side)
    else:
        label = model.teacher(side.image).argmax(1)
    stride = side.image.shape[2] // label.shape[1]
    label = label.repeat_interleave(stride, 1).repeat_interleave(stride, 2)
    return label, (label != 255).float()


def without_dropout(cfg):
    for head in ('decode_head', 'auxiliary_head'):
        cfg['segmentor'][head]['dropout_ratio'] = 0.
    return cfg


def step(folder, name, masked, **changes):
    """A method before and after a step, its batch and its losses."""
    cfg = without_dropout(config(name, masked, backward='joint', **changes))
    runner = make_runner(folder, [dict(type='MeanTeacherHook')], SGD,
                         model=cfg, **loader(name))
    batch = prepare(runner)
    model = runner.model
    with torch.no_grad():  # some layers start with zeros
        for weight in model.parameters():
            weight.add_(torch.randn_like(weight) * .1)
    data = model.data_preprocessor(batch, True)
    before = copy.deepcopy(model)
    return before, Batch(**data), model, model.loss(**data)


@pytest.mark.parametrize('name', METHODS)
def test_masked_images_have_the_labels_of_the_teacher(tmp_path, name):
    before, batch, model, losses = step(tmp_path, name, VISIBLE)
    image = batch.unlabeled.image
    with torch.no_grad():
        label, weight = labels_of(before, batch.unlabeled)
    assert torch.equal(model.last_labels.label, label)
    assert weight.any()
    student = before.student.train()
    logits = all_logits(student, student.extract_feat(image), image.shape[2:])
    for key, value in pseudo_losses(
            student, logits, label, weight, model.mixed_auxiliary).items():
        torch.testing.assert_close(losses[f'masked.{key}'], value)
        assert value > 0


@pytest.mark.parametrize('images', ['labeled', 'both'])
def test_which_images_are_masked(tmp_path, images):
    """All labeled ones, or the first half of either side."""
    before, batch, _, losses = step(
        tmp_path, 'MeanTeacher', dict(VISIBLE, images=images))
    labeled, unlabeled = batch.labeled, batch.unlabeled
    with torch.no_grad():
        target = labels_of(before, unlabeled)
    image, label = labeled.image, labeled.label
    weight = torch.ones_like(label, dtype=torch.float32)
    if images == 'both':
        image, label, weight = (
            torch.cat([first[:1], second[:1]]) for first, second in zip(
                (image, label, weight), (unlabeled.image, *target)))
    student = before.student.train()
    logits = all_logits(student, student.extract_feat(image), (32, 32))
    for key, value in pseudo_losses(student, logits, label, weight).items():
        torch.testing.assert_close(losses[f'masked.{key}'], value)


@pytest.mark.parametrize('name', METHODS)
def test_depth_zero_is_the_method_and_depth_two_is_not(tmp_path, name):
    states = [
        trained(tmp_path / f'{index}', dict(hook, decay=.9), SGD, max_iters=2,
                model=config(name), **loader(name))[0]
        for index, hook in enumerate([
            dict(type='MeanTeacherHook'), dict(type='FSTHook', depth=0),
            dict(type='FSTHook', depth=2)])]
    assert_equal(states[0], states[1])
    assert any(not torch.equal(value, states[0][key])
               for key, value in states[2].items()
               if key.startswith('student'))


def test_a_shared_graph_changes_nothing_if_all_is_restored(tmp_path):
    """Of a method whose images share a pass; of others see ``test_mic``."""
    name = 'CutMixMeanTeacher'
    hook = dict(type='FSTHook', depth=2, restore='all')
    shared, plain = (
        trained(tmp_path / f'{index}', dict(hook, **changes), SGD,
                max_iters=2, model=config(name, dict(MASKED, images='both')))
        [0] for index, changes in enumerate([
            dict(resample_mix=False), dict(reuse=False)]))
    for key, value in plain.items():
        torch.testing.assert_close(value, shared[key], rtol=1e-5, atol=1e-6)


def test_a_resumed_run_is_the_same(tmp_path):
    changes = dict(model=config('MeanTeacher', dict(MASKED, images='both')),
                   max_iters=4, default_hooks=dict(checkpoint=dict(
                       type='CheckpointHook', by_epoch=False, interval=2)))
    hooks = [dict(type='SeedIterationHook'), dict(type='FSTHook', depth=1)]
    whole = make_runner(tmp_path / 'whole', hooks, SGD, **changes)
    whole.train()
    again = make_runner(
        tmp_path / 'again', hooks, SGD, resume=True,
        load_from=str(tmp_path / 'whole' / 'iter_2.pth'), **changes)
    again.train()
    assert_equal(whole.model.state_dict(), again.model.state_dict())


@pytest.mark.parametrize('model', [
    model_config(type='Supervised', pseudo_labeler=None, mixer=None,
                 photometric=None),
    model_config(type='FixMatch', mixer=dict(type='CutMix')),
    cct_config(), ctt_config()], ids=lambda model: model['type'])
def test_without_a_teacher_of_one_student_it_is_refused(model):
    with pytest.raises(ValueError, match='needs a teacher and a single'):
        MODELS.build(dict(model, masked_consistency=MASKED))


def test_a_second_pass_is_not_checkpointed():
    model = config('CutMixMeanTeacher')
    model['segmentor'] = segmentor_config()
    model['segmentor']['backbone']['with_cp'] = True
    with pytest.raises(ValueError, match="backward='joint'"):
        MODELS.build(model)
    del model['masked_consistency']
    MODELS.build(model)


def test_images_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="'labeled' or 'both', got 'source'"):
        MaskedPass(dict(type='BlockMask'), images='source')


def test_a_method_must_compute_pseudo_labels():
    model = MODELS.build(config('MeanTeacher'))
    with pytest.raises(RuntimeError, match='self.pseudo_labels'):
        model.last_labels  # noqa: B018
