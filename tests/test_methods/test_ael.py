"""AEL: one bank for what is pasted, cut and counted."""
import numpy as np
import pytest
import torch
from fake_run import binary_cfg
from helpers import NUM_CLASSES, branch, build_model, make_batch, model_cfg


def ael_cfg(**changes):
    """A small network with the method AEL."""
    return model_cfg(**{
        **dict(
            type='AEL',
            bank=dict(type='ClassConfidence'),
            copy_paste=dict(type='AdaptiveCopyPaste', prob=1.),
            pseudo_labeler=dict(type='ConfidenceWeight', power=2.),
            mixer=dict(type='AdaptiveCutMix'),
            balanced=dict(type='BalancedCrossEntropy'),
            mixed_auxiliary='off'), **changes
    })


def batch(size=(32, 64)):
    """Two sides, and one from which classes are copied."""
    paste = branch(np.random.default_rng(7), 2, size)
    return dict(make_batch(), paste=paste)


def losses_of(model, data=None):
    data = model.data_preprocessor(data or batch(), True)
    return model(**data, mode='loss')


def test_its_parts_and_their_weights():
    model = build_model(ael_cfg()).train()
    torch.manual_seed(0)
    losses = losses_of(model)
    names = {'labeled.decode.loss_ce', 'labeled.aux.loss_ce',
             'own.decode.loss_balanced', 'mixed.decode.loss_balanced'}
    assert {name for name in losses if 'loss' in name} == names
    assert 0 < losses['class_confidence'] < 1
    half = build_model(
        ael_cfg(loss_weights=dict(labeled=1., own=.5, mixed=.25))).train()
    torch.manual_seed(0)
    scaled = losses_of(half)
    for name, factor in zip(sorted(names), (1, 1, .25, .5)):
        assert scaled[name].item() == pytest.approx(
            factor * losses[name].item(), rel=1e-5), name


def test_the_student_learns_from_the_pasted_label():
    """The bank counts pasted pixels, and both losses use them."""
    model = build_model(ael_cfg()).train()
    model.copy_paste.sample_classes = (
        lambda confidence: torch.ones(NUM_CLASSES, dtype=torch.bool))
    data = batch()
    images, labels, bank = [], [], model.bank.forward
    model.student.backbone.register_forward_pre_hook(
        lambda module, args: images.append(args[0]))
    model.bank.forward = lambda logits, label, ignore: (
        labels.append(label), bank(logits, label, ignore))[1]
    losses_of(model, data)
    ready = model.data_preprocessor(data, True)
    onto, paste = (torch.cat([
        sample.gt_sem_seg.data for sample in ready['data_samples'][side]])
        for side in ('labeled', 'paste'))
    mask = paste != 255
    assert torch.equal(labels[0], torch.where(mask, paste, onto))
    assert torch.equal(images[0], torch.where(
        mask[:, None], ready['inputs']['paste'], ready['inputs']['labeled']))
    assert len(images) == 2
    # The batch itself is not changed.
    label = torch.cat([
        sample.gt_sem_seg.data for sample in data['labeled']['data_samples']])
    assert torch.equal(label, onto)


def test_the_bank_of_the_last_step_chooses():
    """Mixers receive what is written, losses also what is staged."""
    model = build_model(ael_cfg()).train()
    received = dict(mixer=[], copy_paste=[], balanced=[])
    for name, place in (('mixer', -1), ('copy_paste', -1), ('balanced', 3)):
        module = getattr(model, name)
        module.register_forward_pre_hook(
            lambda _, args, name=name, place=place: received[name].append(
                args[place].clone()))
    losses_of(model)
    assert not model.bank.confidence.any()
    model.commit()
    written = model.bank.confidence.clone()
    losses_of(model)
    for name in ('mixer', 'copy_paste'):
        assert not received[name][0].any()
        assert torch.equal(received[name][1], written)
    first, second, third, fourth = received['balanced']
    assert torch.equal(first, written) and torch.equal(first, second)
    assert torch.equal(third, fourth) and not torch.equal(third, written)


def test_gradients_are_the_students_alone():
    model = build_model(ael_cfg()).train()
    model.parse_losses(losses_of(model))[0].backward()
    assert all(
        weight.grad is not None for weight in model.student.parameters())
    assert all(weight.grad is None for weight in model.teacher.parameters())


def test_a_binary_network_has_two_classes():
    model = build_model(ael_cfg(segmentor=binary_cfg(.4))).train()
    data = model.data_preprocessor(batch(), True)
    for side in ('labeled', 'paste'):
        for sample in data['data_samples'][side]:
            label = sample.gt_sem_seg.data
            sample.gt_sem_seg.data = torch.where(
                label == 255, label, label % 2)
    total, _ = model.parse_losses(model(**data, mode='loss'))
    total.backward()
    model.commit()
    assert torch.isfinite(total)
    assert model.bank.updates.tolist() == [1, 1]
    assert set(model.pseudo_label.unique().tolist()) <= {0, 1}


def test_images_to_paste_are_required():
    model = build_model(ael_cfg()).train()
    with pytest.raises(AttributeError, match="no side 'paste'.*`sides`"):
        losses_of(model, make_batch())


@pytest.mark.parametrize('name', [
    'bank', 'copy_paste', 'balanced', 'mixer', 'pseudo_labeler'])
def test_all_modules_are_required(name):
    cfg = ael_cfg()
    del cfg[name]
    with pytest.raises((TypeError, ValueError), match=name):
        build_model(cfg)
