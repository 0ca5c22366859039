"""Bank, mixers, labeler and loss of AEL."""
import pytest
import torch
from helpers import IGNORE

from mmseg_fst.ops import class_probabilities
from mmseg_fst.registry import MODELS


def build(name, **kwargs):
    return MODELS.build(dict(type=name, **kwargs))


def labeled_logits(classes=(0, 1, 2), count=4):
    """Random logits and labels, of these classes alone."""
    label = torch.tensor(classes)[torch.randint(len(classes), (2, 6, 8))]
    return torch.randn(2, count, 6, 8) * 3, label


def mean_confidence(logits, label, index):
    return class_probabilities(logits)[:, index][label == index].mean()


# The bank.


def test_the_bank_is_an_average_of_what_is_labeled():
    bank = build('ClassConfidence', num_classes=4, decay=.6)
    steps = [labeled_logits(), labeled_logits((0, 2)), labeled_logits((0, ))]
    expected = torch.zeros(4)
    for number, step in enumerate(steps):
        found = bank(*step)
        assert torch.equal(bank.confidence, expected.float())  # only staged
        for index in step[1].unique().tolist():
            decay = min(.6, 1 - 1 / (bank.updates[index].item() + 1))
            expected[index] = (decay * expected[index]
                               + (1 - decay) * mean_confidence(*step, index))
        torch.testing.assert_close(found, expected)
        bank.commit()
        torch.testing.assert_close(bank.confidence, expected)
        expected = bank.confidence.clone()
    assert bank.updates.tolist() == [3, 1, 2, 0] and bank.confidence[3] == 0


def test_the_bank_of_the_release_forgets_absent_classes():
    bank = build(
        'ClassConfidence', num_classes=4, decay=.9, match_release=True)
    start = bank.confidence.clone()
    assert (start > 0).all() and len(start.unique()) == 4
    logits, label = labeled_logits((1, ))
    bank(logits, label)
    bank.commit()
    expected = .9 * start
    expected[1] += .1 * mean_confidence(logits, label, 1)
    torch.testing.assert_close(bank.confidence, expected)


def test_discarded_and_ignored_pixels_are_not_counted():
    bank = build('ClassConfidence', num_classes=4)
    logits, label = labeled_logits()
    label[:, :3] = IGNORE
    found = bank(logits, label)
    assert found[0].item() == pytest.approx(
        mean_confidence(logits, label, 0).item(), rel=1e-5)
    bank.discard()
    bank.commit()
    assert not bank.confidence.any() and not bank.updates.any()


# Copy-paste.


def images(count=3, classes=5):
    label = torch.randint(0, classes, (count, 6, 8))
    label[:, 0] = IGNORE
    return torch.rand(count, 3, 6, 8), label


def test_pixels_and_labels_of_the_sampled_classes_are_pasted():
    paste = build('AdaptiveCopyPaste', count=2, prob=1., excluded=(0, ))
    confidence = torch.tensor([0., .9, .1, .5, .2])
    chosen = torch.tensor([False, True, False, True, False])
    paste.sample_classes = lambda confidence: chosen
    onto, pasted = images(), images()
    image, label = paste(onto, pasted, confidence)
    mask = (pasted[1] == 1) | (pasted[1] == 3)
    assert torch.equal(label, torch.where(mask, pasted[1], onto[1]))
    assert torch.equal(
        image, torch.where(mask[:, None], pasted[0], onto[0]))
    assert (label[:, 0] == IGNORE).all()


def test_doubtful_classes_are_pasted_most():
    paste = build('AdaptiveCopyPaste', count=1, excluded=(0, ), power=1.)
    confidence = torch.tensor([0., 1., 0., .5, .5])
    counts = sum(paste.sample_classes(confidence).int() for _ in range(3000))
    expected = (1 - confidence[1:]).softmax(0)
    assert counts[0] == 0
    torch.testing.assert_close(
        counts[1:] / 3000, expected, atol=.03, rtol=0)


def test_some_images_stay_as_they_are():
    paste = build('AdaptiveCopyPaste', count=5, prob=.5)
    onto, pasted = images(400), images(400)
    image, _ = paste(onto, pasted, torch.zeros(5))
    changed = (image != onto[0]).flatten(1).any(1).float().mean()
    assert changed.item() == pytest.approx(.5, abs=.1)


def test_some_class_must_be_left_to_paste():
    paste = build('AdaptiveCopyPaste', excluded=range(5))
    with pytest.raises(ValueError, match='`excluded` names all 5 classes'):
        paste(images(), images(), torch.zeros(5))


# CutMix.


def scene():
    """Three images: class 1 in two regions of the second, class 2 nowhere."""
    label = torch.zeros(3, 20, 20, dtype=torch.long)
    label[1, 2:6, 3:9] = 1
    label[1, 12:18, 10:14] = 1
    label[1, 0, 19] = 1  # smaller than `min_component`
    image = torch.arange(3.)[:, None, None, None].expand(3, 3, 20, 20)
    return image, label, label.float() / 4


def test_a_region_of_the_class_is_pasted():
    mixer = build('AdaptiveCutMix', min_component=.01)
    confidence = torch.tensor([1., -1e4, 1.])  # always class 1
    found = set()
    for _ in range(30):
        mixed = mixer(scene(), confidence)
        assert mixed.index[0] == mixed.index[2] == 1 != mixed.index[1]
        origin = mixed.image[:, 0].long()
        for number in (0, 2):
            rows, columns = torch.where(origin[number] == 1)
            found.add((columns.min().item(), rows.min().item(),
                       columns.max().item() + 1, rows.max().item() + 1))
            assert len(rows) == mixed.mask[number].sum()
        # Labels and weights follow the pixels.
        places = torch.arange(20)
        label = scene()[1][origin, places[:, None], places]
        assert torch.equal(mixed.label, label)
        assert torch.equal(mixed.weight, label.float() / 4)
    assert found == {(3, 2, 9, 6), (10, 12, 14, 18)}


def test_without_the_class_half_of_any_other_image_is_pasted():
    mixer = build('AdaptiveCutMix')
    confidence = torch.tensor([1., 1., -1e4])  # always class 2
    partners = set()
    for _ in range(20):
        mixed = mixer(scene(), confidence)
        assert (mixed.index != torch.arange(3)).all()
        partners.update(mixed.index.tolist())
        shares = mixed.mask.flatten(1).float().mean(1)
        assert (shares - .5).abs().max() < .05
    assert partners == {0, 1, 2}


def test_a_batch_of_one_image_is_refused():
    with pytest.raises(ValueError, match='AdaptiveCutMix.*batch_size'):
        build('AdaptiveCutMix')(
            tuple(part[:1] for part in scene()), torch.zeros(3))


# Labels and loss.


def test_weights_are_powers_of_the_confidence():
    logits = torch.randn(2, 4, 6, 8) * 2
    confidence, label = logits.softmax(1).max(1)
    found, weight = build('ConfidenceWeight', power=3, threshold=.6)(logits)
    torch.testing.assert_close(weight, confidence**3)
    low = confidence < .6
    assert low.any() and (found[low] == IGNORE).all()
    assert torch.equal(found[~low], label[~low])


def test_pixels_of_certain_classes_are_left_out():
    logits = torch.zeros(1, 3, 40, 40)
    logits[:, 0, :20] = 1  # the upper half is predicted as 0
    logits[:, 1, 20:] = 1
    label = torch.zeros(1, 40, 40, dtype=torch.long)
    weight = torch.ones(1, 40, 40)
    loss = build('BalancedCrossEntropy')
    lower = loss(logits, label, weight, torch.tensor([1., 0., 1.]))
    expected = torch.nn.functional.cross_entropy(
        logits[..., 20:, :], label[:, 20:])
    assert lower.item() == pytest.approx(expected.item(), rel=1e-5)
    both = build('BalancedCrossEntropy', power=0.)(
        logits, label, weight, torch.tensor([1., 0., 1.]))
    assert both.item() == pytest.approx(
        torch.nn.functional.cross_entropy(logits, label).item(), rel=1e-5)


@pytest.mark.parametrize('cfg, message', [
    (dict(type='ClassConfidence', num_classes=3, decay=2.), 'decay'),
    (dict(type='AdaptiveCopyPaste', count=0), 'count must be a positive'),
    (dict(type='AdaptiveCopyPaste', prob=-1.), 'prob'),
    (dict(type='AdaptiveCutMix', min_share=2.), 'min_share'),
    (dict(type='ConfidenceWeight', power=-1.), 'power must be at least 0'),
    (dict(type='ConfidenceWeight', threshold=2.), 'threshold'),
    (dict(type='BalancedCrossEntropy', power=-1.), 'power must be'),
], ids=lambda value: value if isinstance(value, str) else value['type'])
def test_wrong_arguments_are_refused(cfg, message):
    with pytest.raises(ValueError, match=f'{cfg["type"]}.*{message}'):
        MODELS.build(cfg)
