"""Selection of pixels for contrast, against loops over pixels."""
import math

import numpy as np
import pytest
import torch

from mmseg_fst.ops import (
    entropy_of,
    info_nce,
    likelihood_rank,
    masked_percentile,
    membership,
    membership_as_released,
    rows_of,
    sample_rows,
    select_pixels,
    split_by_entropy,
    sum_by_class,
)

IGNORE = 255


def scene(num_classes=7, num_labeled=2, seed=0):
    """Probabilities and labels of labeled and three unlabeled images."""
    generator = torch.Generator().manual_seed(seed)
    shape = (num_labeled + 3, num_classes, 5, 6)
    probability = (2 * torch.randn(shape, generator=generator)).softmax(1)
    label = torch.randint(num_classes, (shape[0], 5, 6), generator=generator)
    label[:, 0, :2] = IGNORE
    # Unlabeled images have the labels of the teacher.
    best = probability.argmax(1)[num_labeled:]
    best[:, 1, :3] = IGNORE
    label[num_labeled:] = best
    return probability, label, num_labeled


def select_slowly(probability, label, num_labeled, percent, ranks):
    """The rule, pixel by pixel."""
    count, classes, height, width = probability.shape
    entropy = {}
    for place in np.ndindex(count, height, width):
        image, row, column = place
        entropy[place] = -sum(
            p * math.log(p + 1e-10)
            for p in probability[image, :, row, column].tolist())
    known = [value for place, value in entropy.items()
             if place[0] >= num_labeled and label[place] != IGNORE]
    low, high = np.percentile(known, [percent, 100 - percent])
    reliable = np.zeros((count, height, width), bool)
    negative = np.zeros((count, classes, height, width), bool)
    for place in entropy:
        image, row, column = place
        if label[place] == IGNORE:
            continue
        is_labeled = image < num_labeled
        reliable[place] = is_labeled or entropy[place] <= low + 1e-9
        values = probability[image, :, row, column].tolist()
        order = sorted(range(classes), key=lambda index: -values[index])
        for rank, index in enumerate(order):
            if is_labeled:
                chosen = rank < ranks[0] and index != label[place]
            else:
                chosen = (ranks[0] <= rank < ranks[1]
                          and entropy[place] >= high - 1e-9)
            negative[image, index, row, column] = chosen
    return torch.from_numpy(reliable), torch.from_numpy(negative)


def select(probability, label, num_labeled, percent, **kwargs):
    """The two steps of the rule."""
    valid, member = label != IGNORE, membership(label, probability.shape[1])
    split = split_by_entropy(
        probability[num_labeled:], valid[num_labeled:], percent)
    positive, negative = select_pixels(
        probability, member, valid[:num_labeled], *split, **kwargs)
    assert not (positive & ~member).any()
    return positive.any(1), negative


@pytest.mark.parametrize('percent', [0, 7.3, 20, 50])
@pytest.mark.parametrize('ranks', [(3, 20), (2, 4), (3, 6)])
def test_selection_against_a_loop(percent, ranks):
    probability, label, num_labeled = scene()
    probability = probability.double()
    found = select(probability, label, num_labeled, percent, ranks=ranks)
    wanted = select_slowly(probability, label, num_labeled, percent, ranks)
    for mask, other in zip(found, wanted):
        assert torch.equal(mask, other) and mask.any()


def test_labeled_images_give_negatives():
    """The release restricts negatives to pixels of the class: none remain."""
    probability, label, num_labeled = scene()
    _, negative = select(probability, label, num_labeled, 20)
    one_hot = torch.zeros_like(negative)
    one_hot.scatter_(1, label.clamp(max=6)[:, None], True)
    assert negative[:num_labeled].flatten(2).any(2).any(0).all()
    assert not (negative & one_hot)[label[:, None].expand_as(one_hot) !=
                                 IGNORE].any()


def test_negatives_of_the_release_are_labeled_as_the_class():
    probability, label, num_labeled = scene()
    # What another pass of the teacher has labeled.
    label[num_labeled:] = torch.randint(7, label[num_labeled:].shape)
    reliable, negative = select(probability, label, num_labeled, 20)
    one_hot = torch.zeros_like(negative)
    one_hot.scatter_(1, label.clamp(max=6)[:, None], True)
    one_hot &= (label != IGNORE)[:, None]
    same, fewer = select(
        probability, label, num_labeled, 20, own_class=True)
    assert torch.equal(same, reliable)
    assert torch.equal(fewer, negative & one_hot) and fewer.any()
    assert not fewer[:num_labeled].any()


def test_without_unlabeled_pixels_only_labels_count():
    probability, label, num_labeled = scene()
    label[num_labeled:] = IGNORE
    reliable, negative = select(probability, label, num_labeled, 20)
    assert not reliable[num_labeled:].any()
    assert not negative[num_labeled:].any()
    assert torch.equal(reliable, label != IGNORE)


def test_rank_is_the_position_in_sorted_order():
    probability, *_ = scene()
    values = probability.numpy()
    larger = (values[:, None] > values[:, :, None]).sum(2)
    assert np.array_equal(likelihood_rank(probability).numpy(), larger)


@pytest.mark.parametrize('percent', [0, 12.5, 50, 99, 100])
def test_masked_percentile_equals_numpy(percent):
    values, valid = torch.randn(4, 9).double(), torch.rand(4, 9) > .3
    found = masked_percentile(values, valid, percent)
    wanted = np.percentile(values[valid].numpy(), percent)
    assert found.item() == pytest.approx(wanted, rel=1e-6)


def test_entropy_of_one_class_and_of_all():
    even = torch.full((1, 4, 1, 1), .25)
    certain = torch.tensor([1., 0, 0, 0]).view(1, 4, 1, 1)
    assert entropy_of(even).item() == pytest.approx(math.log(4))
    assert entropy_of(certain).item() == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize('per_row', [1, 2])
def test_sums_of_classes_against_a_loop(per_row):
    rows = torch.randn(40, 3).double()
    member = torch.zeros(40, 5, dtype=torch.bool)
    member.scatter_(1, torch.randint(4, (40, per_row)), True)
    total, count = sum_by_class(rows, member)
    for index in range(5):
        selected = [
            row for row, classes in zip(rows, member) if classes[index]
        ]
        assert count[index] == len(selected)
        torch.testing.assert_close(
            total[index], sum(selected, torch.zeros(3).double()))


def test_members_against_a_loop():
    _, label, _ = scene()
    member = membership(label, 6)  # id 6 is not a class
    as_released = membership_as_released(label, 6, IGNORE)
    for image, row, column in np.ndindex(*label.shape):
        found = member[image, :, row, column].nonzero()[:, 0].tolist()
        class_id = label[image, row, column].item()
        assert found == [class_id] * (class_id < 6)
        found = as_released[image, :, row, column].nonzero()[:, 0].tolist()
        everywhere = label[:, row, column].tolist()
        if image or everywhere[0] == IGNORE:
            assert found == []
        else:
            wanted = {
                0 if class_id == IGNORE else class_id
                for class_id in everywhere
            }
            assert found == sorted(wanted - {6})


def test_rows_are_pixels():
    maps = torch.randn(2, 3, 4, 5)
    rows = rows_of(maps)
    assert rows.shape == (40, 3)
    assert torch.equal(rows[20 + 2 * 5 + 3], maps[1, :, 2, 3])


def test_info_nce_against_a_loop():
    anchor = torch.randn(4, 3).double()
    positive, negative = torch.randn(3).double(), torch.randn(4, 6, 3).double()
    terms = []
    for row, others in zip(anchor.numpy(), negative.numpy()):
        similar = [
            row @ other / np.linalg.norm(row) / np.linalg.norm(other) / .5
            for other in [positive.numpy(), *others]
        ]
        terms.append(math.log(sum(map(math.exp, similar))) - similar[0])
    found = info_nce(anchor, positive, negative, .5)
    assert found.item() == pytest.approx(np.mean(terms), rel=1e-12)


def test_samples_repeat_and_reach_all_rows():
    sampled = sample_rows(torch.arange(5), 200)
    assert sampled.shape == (200, )
    assert sampled.unique().tolist() == [*range(5)]
    assert sample_rows(torch.randn(1, 4), 3).shape == (3, 4)
