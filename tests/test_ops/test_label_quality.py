"""Quality of pseudo-labels, against values worked out by hand."""
import pytest
import torch

from mmseg_fst.ops import (
    LabelCounts,
    count_labels,
    label_quality,
    quality_by_class,
)

LABEL = torch.tensor([[[0, 0, 0, 1, 1, 2, 255]]])
TRUTH = torch.tensor([[[0, 0, 1, 1, 255, 2, 2]]])
WEIGHT = torch.tensor([[[1., 0., 0., 1., 1., .5, 1.]]])
CONFIDENCE = torch.tensor([[[.5, .5, .5, .9, .2, 1., .9]]])


def test_counts_by_hand():
    counts = count_labels(LABEL, WEIGHT, CONFIDENCE, 4, TRUTH)
    assert counts.named.tolist() == [3, 2, 1, 0]
    assert counts.weight.tolist() == [1, 2, .5, 0]
    assert counts.true.tolist() == [2, 2, 1, 0]
    assert counts.judged.sum(1).tolist() == [3, 1, 1, 0]
    assert counts.right.sum(1).tolist() == [2, 1, 1, 0]
    assert counts.confidence.sum(1).tolist() == pytest.approx([1.5, .9, 1, 0])
    # Confidence 1 is in the last bin, not beyond it.
    assert counts.judged[2, -1] == 1


def test_quality_by_hand():
    counts = count_labels(LABEL, WEIGHT, CONFIDENCE, 4, TRUTH)
    quality = label_quality(counts)
    assert float(quality['coverage']) == pytest.approx(100 * 3.5 / 6)
    assert float(quality['accuracy']) == pytest.approx(100 * 4 / 5)
    # IoU: 2 / 3, 1 / 2, 1; the fourth class does not occur.
    assert float(quality['mIoU']) == pytest.approx(100 * (2 / 3 + 1.5) / 3)
    # Bins: three at .5, two of them right; .9 and 1, both right.
    assert float(quality['calibration_error']) == pytest.approx(
        100 * (.5 + .1 + 0) / 5, rel=1e-5)
    by_class = quality_by_class(counts)
    assert by_class['share'].tolist() == pytest.approx(
        [50, 100 / 3, 100 / 6, 0])
    assert by_class['accuracy'][:3].tolist() == pytest.approx(
        [200 / 3, 100, 100])
    assert by_class['calibration_error'][:3].tolist() == pytest.approx(
        [100 * .5 / 3, 10, 0], abs=1e-4)
    for name in ('accuracy', 'iou', 'coverage', 'calibration_error'):
        assert by_class[name][3].isnan()


def test_a_sum_of_counts_is_the_count_of_both():
    def quality(*parts):
        counts = [
            count_labels(LABEL[..., part], WEIGHT[..., part],
                         CONFIDENCE[..., part], 3, TRUTH[..., part])
            for part in parts
        ]
        return label_quality(
            LabelCounts(*(sum(fields) for fields in zip(*counts))))

    whole = quality(slice(None))
    halves = quality(slice(0, 3), slice(3, None))
    for name, value in whole.items():
        assert torch.allclose(value, halves[name]), name


def test_without_truth_there_is_coverage_alone():
    counts = count_labels(LABEL, WEIGHT, CONFIDENCE, 3)
    quality = label_quality(counts)
    assert float(quality.pop('coverage')) == pytest.approx(100 * 3.5 / 6)
    assert all(value.isnan() for value in quality.values())
    assert quality_by_class(counts)['share'].sum() == pytest.approx(100)
