"""Online hard example mining as in the releases that use it."""
import pytest
import torch

from mmseg_fst.ops import hard_pixels

IGNORE = 255


def sorted_by_hand(probability, label, threshold, count):
    """The pixels in the order of their probabilities."""
    labeled = [place for place, value in enumerate(label) if value != IGNORE]
    order = sorted(labeled, key=lambda place: probability[place])
    limit = threshold
    if count <= len(order):
        limit = max(limit, probability[order[count - 1]])
    else:
        limit = 1
    return [place in labeled and probability[place] <= limit
            for place in range(len(label))]


def logits_of(probability):
    """Of two classes; the first one has the probability."""
    return torch.stack([probability.log(), (1 - probability).log()])[None]


@pytest.mark.parametrize('threshold', [.1, .5, .95])
@pytest.mark.parametrize('count', [1, 7, 29, 30, 31, 1000])
def test_equals_a_sorted_list(threshold, count):
    generator = torch.Generator().manual_seed(count)
    probability = torch.rand(6, 8, generator=generator).double()
    label = torch.zeros(6, 8, dtype=torch.long)
    label.view(-1)[:18] = IGNORE  # 30 have a label
    selected = hard_pixels(logits_of(probability), label[None], threshold,
                           count, IGNORE)
    assert selected[0].flatten().tolist() == sorted_by_hand(
        probability.flatten().tolist(), label.flatten().tolist(), threshold,
        count)


def test_equal_pixels_are_all_hard():
    probability = torch.tensor([[.9, .9, .9, .2, .95, .97]])
    label = torch.zeros(1, 1, 6, dtype=torch.long)
    selected = hard_pixels(logits_of(probability), label, .7, 2, IGNORE)
    assert selected.flatten().tolist() == [True] * 4 + [False] * 2


def test_without_labels_none_is_hard():
    label = torch.full((1, 2, 2), IGNORE)
    assert not hard_pixels(torch.zeros(1, 3, 2, 2), label, .7, 2,
                           IGNORE).any()
