"""Tests of mmseg_fst/ops/pseudo_labels.py."""
import numpy as np
import pytest
import torch
from helpers import IGNORE

from mmseg_fst.ops import (
    agreement,
    confident_ratio,
    drop_uncertain,
    ignore_padding,
    ignore_rows,
)


def reference_ratio(logits, threshold):
    """Argmax and the share of confident pixels, in float64."""
    logits = logits.double().numpy()
    exp = np.exp(logits - logits.max(1, keepdims=True))
    confidence = (exp / exp.sum(1, keepdims=True)).max(1)
    return logits.argmax(1), (confidence >= threshold).mean()


@pytest.mark.parametrize(
    'dtype', [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize('count', [1, 3])
@pytest.mark.parametrize('threshold', [0., .4, .968, 1.])
def test_label_and_ratio_equal_the_reference(dtype, count, threshold):
    logits = (torch.randn(count, 5, 6, 7) * 3).to(dtype)
    label, ratio = confident_ratio(logits, threshold)
    want_label, want_ratio = reference_ratio(logits, threshold)
    confidence = torch.softmax(logits.float(), 1).amax(1)
    # In half precision logits tie; any of the best is right.
    picked = logits.gather(1, label[:, None])[:, 0]
    assert torch.equal(picked, logits.amax(1))
    if dtype in (torch.float32, torch.float64):
        np.testing.assert_array_equal(label.numpy(), want_label)
    assert label.dtype == torch.int64 and label.shape == (count, 6, 7)
    assert ratio.dtype == torch.float32 and ratio.shape == ()
    if threshold == 1:  # rounding decides what is 1
        want_ratio = (confidence >= 1).double().mean().item()
    np.testing.assert_allclose(ratio.numpy(), want_ratio, rtol=1e-6)


def test_ratio_is_a_scalar_for_the_whole_batch():
    """Not one per image: the first is certain, the second is not."""
    logits = torch.zeros(2, 3, 4, 4)
    logits[0, 1] = 20
    _, ratio = confident_ratio(logits, .968)
    assert ratio == .5


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_half_precision_does_not_round_the_confidence(dtype):
    """Confidences between .966 and .970 are distinguished."""
    wanted = torch.linspace(.966, .97, 400, dtype=torch.float64)
    # exp(0) / (exp(0) + 1000 exp(-a)): small logits keep their digits.
    gap = torch.log(wanted / (1 - wanted))
    logits = torch.stack([gap, torch.zeros_like(gap)])[None, :, None]
    logits = logits.to(dtype)
    _, ratio = confident_ratio(logits, .968)
    _, want = reference_ratio(logits, .968)
    rounded = torch.softmax(logits, 1).amax(1) >= .968
    assert rounded.double().mean().item() != want  # what is guarded against
    assert ratio.item() == pytest.approx(want, abs=1e-7)


def test_a_confidence_equal_to_the_threshold_counts():
    _, ratio = confident_ratio(torch.zeros(1, 2, 3, 3), .5)
    assert ratio == 1


def test_ratio_of_many_pixels_is_not_rounded():
    """2**24 + 1 pixels cannot be counted in float32."""
    count = 2**24 + 1
    logits = torch.zeros(1, 1).expand(1, 1, 1, 1).expand(1, 1, 1, count)
    _, ratio = confident_ratio(logits, .5)
    assert ratio == 1


@pytest.mark.parametrize('top, bottom', [(0, 0), (2, 0), (0, 3), (2, 3),
                                         (4, 4), (8, 0), (0, 8)])
def test_ignore_rows_zeroes_these_rows_and_no_others(top, bottom):
    weight = torch.rand(2, 8, 5) + .1
    before = weight.clone()
    got = ignore_rows(weight, top, bottom)
    for row in range(8):
        ignored = row < top or row >= 8 - bottom
        want = torch.zeros(2, 5) if ignored else before[:, row]
        assert torch.equal(got[:, row], want)
    assert torch.equal(weight, before)
    assert got.data_ptr() != weight.data_ptr()


def test_ignore_rows_of_an_expanded_weight():
    weight = torch.tensor(.25).expand(1, 4, 3)
    got = ignore_rows(weight, 1, 1)
    assert got[0, :, 0].tolist() == [0, .25, .25, 0]
    assert torch.equal(weight, torch.full((1, 4, 3), .25))


def test_ignoring_more_rows_than_there_are_ignores_all():
    assert not ignore_rows(torch.ones(1, 4, 3), 0, 5).any()
    assert not ignore_rows(torch.ones(1, 4, 3), 5, 0).any()


def test_padding_has_no_label():
    label = torch.ones(2, 3, 4, dtype=torch.long)
    got = ignore_padding(label, [(3, 4), (2, 3)], ignore_index=9)
    assert torch.equal(got[0], label[0])
    want = torch.full((3, 4), 9)
    want[:2, :3] = 1
    assert torch.equal(got[1], want)
    assert label.max() == 1, 'the input must not change'


def test_without_padding_nothing_is_copied():
    label = torch.ones(1, 3, 4, dtype=torch.long)
    assert ignore_padding(label, [(3, 4)]) is label


def test_padding_of_a_whole_image_and_of_one_side():
    label = torch.zeros(3, 4, 6, dtype=torch.long)
    got = ignore_padding(label, [(4, 2), (1, 6), (0, 0)])
    assert (got == 0).flatten(1).sum(1).tolist() == [8, 6, 0]
    assert (got[0, :, :2] == 0).all() and (got[1, 0] == 0).all()
    assert set(got.unique().tolist()) == {0, IGNORE}


def reference_drop(logits, label, percentile, ignore=IGNORE):
    """U2PL's rule with NumPy, in float64."""
    logits, label = logits.double().numpy(), label.numpy()
    exp = np.exp(logits - logits.max(1, keepdims=True))
    prob = exp / exp.sum(1, keepdims=True)
    entropy = -(prob * np.log(prob + 1e-10)).sum(1)
    valid = label != ignore
    threshold = np.percentile(entropy[valid], percentile)
    remaining = valid & (entropy < threshold)
    ratio = label.size / max(remaining.sum(), 1)
    return np.where(remaining, label, ignore), ratio


@pytest.mark.parametrize('percentile', [0, 20, 33.3, 50, 80, 99.9, 100])
@pytest.mark.parametrize('size', [(1, 1, 2), (2, 5, 7), (3, 16, 17)])
@pytest.mark.parametrize('ignored', [0., .3])
def test_dropped_labels_equal_the_reference(percentile, size, ignored):
    logits = torch.randn(size[0], 4, *size[1:], dtype=torch.float64) * 2
    label = torch.randint(0, 4, size)
    label[torch.rand(size) < ignored] = IGNORE
    label[0, 0, 0] = 1
    copies = logits.clone(), label.clone()
    got, ratio = drop_uncertain(logits, label, percentile)
    want, want_ratio = reference_drop(logits, label, percentile)
    np.testing.assert_array_equal(got.numpy(), want)
    assert got.dtype == torch.int64 and ratio.shape == ()
    assert ratio.item() == pytest.approx(want_ratio, rel=1e-12)
    assert torch.equal(logits, copies[0]) and torch.equal(label, copies[1])


def test_of_all_percentiles_the_ends():
    """0 drops all; 100 drops the least sure pixel, and it alone."""
    gap = torch.arange(1., 13).view(1, 1, 3, 4)
    logits = torch.cat([gap, -gap], 1)
    label = torch.zeros(1, 3, 4, dtype=torch.long)
    got, ratio = drop_uncertain(logits, label, 0)
    assert (got == IGNORE).all() and ratio == 12
    got, ratio = drop_uncertain(logits, label, 100)
    assert (got == IGNORE).nonzero().tolist() == [[0, 0, 0]]
    assert ratio.item() == pytest.approx(12 / 11)
    got, _ = drop_uncertain(logits, label, 80)  # rank 8.8 of 0 to 11
    assert (got == IGNORE).sum() == 3


@pytest.mark.parametrize('percentile', [0, 80, 100])
def test_nothing_is_left_of_nothing(percentile):
    label = torch.full((2, 3, 4), IGNORE)
    got, ratio = drop_uncertain(torch.randn(2, 5, 3, 4), label, percentile)
    assert torch.equal(got, label) and ratio == 24


@pytest.mark.parametrize('percentile', [0, 80, 100])
def test_a_single_labeled_pixel_is_always_dropped(percentile):
    label = torch.full((1, 3, 4), IGNORE)
    label[0, 1, 2] = 3
    got, ratio = drop_uncertain(torch.randn(1, 5, 3, 4), label, percentile)
    assert (got == IGNORE).all() and ratio == 12


@pytest.mark.parametrize('percentile, remaining', [(50, 0), (80, 6), (100, 6)])
def test_ties_at_the_threshold_are_all_dropped(percentile, remaining):
    """Six certain pixels and four uncertain ones; then ten uncertain ones."""
    logits = torch.zeros(1, 3, 1, 10)
    logits[:, 0, :, :6] = 20
    label = torch.zeros(1, 1, 10, dtype=torch.long)
    got, ratio = drop_uncertain(logits, label, percentile)
    assert (got == 0).sum() == remaining
    assert ratio.item() == pytest.approx(10 / max(remaining, 1))
    got, ratio = drop_uncertain(torch.zeros_like(logits), label, percentile)
    assert (got == IGNORE).all() and ratio == 10


def test_ignored_pixels_do_not_move_the_threshold():
    logits = torch.randn(1, 4, 5, 6)
    label = torch.zeros(1, 5, 6, dtype=torch.long)
    label[0, 3:] = IGNORE
    first, _ = drop_uncertain(logits, label, 70)
    logits[:, :, 3:] = 0
    second, _ = drop_uncertain(logits, label, 70)
    assert torch.equal(first, second)


def test_another_id_is_ignored():
    label = torch.randint(0, 3, (1, 8, 9))
    logits = torch.randn(1, 3, 8, 9, dtype=torch.float64)
    got, _ = drop_uncertain(logits, label, 60, ignore_index=2)
    want, _ = reference_drop(logits, label, 60, ignore=2)
    np.testing.assert_array_equal(got.numpy(), want)


@pytest.mark.parametrize('dtype', [torch.float16, torch.bfloat16])
def test_entropy_of_half_precision_is_computed_in_single(dtype):
    logits = (torch.randn(2, 4, 16, 16) * 3).to(dtype)
    label = torch.randint(0, 4, (2, 16, 16))
    got, ratio = drop_uncertain(logits, label, 80)
    want, want_ratio = drop_uncertain(logits.float(), label, 80)
    assert torch.equal(got, want) and torch.equal(ratio, want_ratio)
    assert ratio.dtype == torch.float32


def test_ranks_of_many_pixels_are_not_rounded():
    """float32 cannot represent the last rank of 2**24 + 4 pixels."""
    count = 2**24 + 4
    logits = torch.zeros(1, 1).expand(1, 1, 1, 1).expand(1, 1, 1, count)
    label = torch.zeros(1, 1, count, dtype=torch.uint8)
    got, _ = drop_uncertain(logits, label, 100)
    assert (got == IGNORE).all()


def test_agreement_counts_pixels_with_equal_predictions():
    first = torch.tensor([[[0, 1, 2, IGNORE]]])
    second = torch.tensor([[[0, 1, 1, IGNORE]]])
    third = torch.tensor([[[0, 2, 2, IGNORE]]])
    assert agreement([first, second]) == pytest.approx(2 / 3)
    assert agreement([first, second, third]) == pytest.approx(1 / 3)
    assert agreement([first, first]) == 1
    nothing = torch.full((1, 2, 2), IGNORE)
    assert agreement([nothing, nothing]) == 0
