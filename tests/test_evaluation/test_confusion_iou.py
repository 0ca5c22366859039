"""ConfusionIoUMetric against IoUMetric of MMSegmentation."""
import numpy as np
import pytest
import torch
from mmseg.evaluation import IoUMetric
from PIL import Image

from mmseg_fst.evaluation import ConfusionIoUMetric
from mmseg_fst.ops import count_classes_, count_confusion_, scores_by_class

CLASSES = tuple('abcdefg')


def sample_of(label, prediction, **metainfo):
    return dict(
        gt_sem_seg=dict(data=label[None]),
        pred_sem_seg=dict(data=prediction[None]), **metainfo)


def make_samples(count=5, ids=range(7), dtype=torch.int64):
    """Images of several sizes, with ignored pixels, right at every second."""
    rng = np.random.default_rng(0)
    samples = []
    for index in range(count):
        size = (20 + index, 31)
        label = rng.choice([*ids, 255], size)
        prediction = np.where(
            rng.random(size) < .5, label % 7, rng.integers(0, 7, size))
        samples.append(sample_of(
            torch.from_numpy(label).to(dtype), torch.from_numpy(prediction)))
    return samples


def score(metric, samples, size=None):
    metric.dataset_meta = dict(classes=CLASSES)
    for first in range(0, len(samples), 2):
        metric.process({}, samples[first:first + 2])
    return metric.evaluate(size or len(samples))


@pytest.mark.parametrize('ids', [
    range(7),
    [0, 1, 4],  # the other classes have false positives only
    [*range(7), 7, 200],  # labels that are not a class
    [*range(7), -1],
], ids=str)
@pytest.mark.parametrize('options', [
    dict(), dict(ignore_index=3), dict(nan_to_num=0),
    dict(iou_metrics=['mIoU', 'mDice', 'mFscore'])], ids=str)
def test_scores_equal_mmseg(ids, options):
    samples = make_samples(ids=ids)
    expected = score(IoUMetric(**options), samples)
    found = score(ConfusionIoUMetric(**options), samples)
    assert list(found) == list(expected)
    assert {'aAcc', 'mIoU', 'mAcc'} <= set(found)
    for name, value in expected.items():
        assert found[name] == pytest.approx(float(value), abs=1e-5), name


@pytest.mark.parametrize('dtype', [torch.uint8, torch.int32])
def test_any_integers_are_labels(dtype):
    samples = make_samples(dtype=dtype)
    assert score(ConfusionIoUMetric(), samples) == score(
        ConfusionIoUMetric(), make_samples())


def test_the_table_of_classes_equals_mmseg(monkeypatch):
    tables = []
    for kind in (IoUMetric, ConfusionIoUMetric):
        lines = []
        monkeypatch.setattr('mmseg.evaluation.metrics.iou_metric.print_log',
                            lambda text, logger: lines.append(text))
        score(kind(), make_samples())
        tables.append(''.join(lines))
    assert tables[0] == tables[1] and '|   a   |' in tables[0]


def test_evaluate_resets_the_counts():
    metric = ConfusionIoUMetric()
    first = score(metric, make_samples())
    other = score(metric, make_samples(2, ids=[0, 5]))
    assert other == score(ConfusionIoUMetric(), make_samples(2, ids=[0, 5]))
    assert score(metric, make_samples()) == first != other


def test_counts_are_exact_where_float32_ends():
    """float32 cannot represent 2 ** 24 + 1."""
    metric = ConfusionIoUMetric()
    metric.dataset_meta = dict(classes=CLASSES)
    pixel = torch.zeros(1, 1, dtype=torch.int64)
    metric.process({}, [sample_of(pixel, pixel)])
    metric._total[0, 0] = 2**24
    assert metric.evaluate(1)['aAcc'] == 100
    assert metric.confusion[0, 0].item() == 2**24 + 1
    for area in metric._areas():
        assert area[0].item() == 2**24 + 1


def test_one_image_over_the_size_is_not_counted():
    samples = make_samples(5)
    once = score(ConfusionIoUMetric(), samples)
    repeated = [*samples, samples[0]]
    assert score(ConfusionIoUMetric(), repeated, size=5) == once
    assert score(ConfusionIoUMetric(), repeated) != once
    with pytest.raises(ValueError, match='counted 7 images.*expects 5 of'):
        score(ConfusionIoUMetric(), [*repeated, samples[0]], size=5)


def test_predictions_are_written_as_by_mmseg(tmp_path):
    samples = [
        dict(sample, img_path=f'/images/{index}.jpg')
        for index, sample in enumerate(make_samples(2))
    ]
    metric = ConfusionIoUMetric(output_dir=str(tmp_path / 'both'))
    assert score(metric, samples) == score(ConfusionIoUMetric(), samples)
    alone = ConfusionIoUMetric(
        output_dir=str(tmp_path / 'alone'), format_only=True)
    assert score(alone, samples) == {}
    for folder in ('both', 'alone'):
        for index, sample in enumerate(samples):
            written = np.array(Image.open(tmp_path / folder / f'{index}.png'))
            assert (written == sample['pred_sem_seg']['data'][0].numpy()).all()


def test_a_prediction_of_another_size_is_refused():
    label = torch.zeros(4, 6, dtype=torch.int64)
    with pytest.raises(ValueError, match=r'\(4, 6\).*\(6, 4\)'):
        count_confusion_(
            torch.zeros(8, 8, dtype=torch.int64), label, label.T, 255)


def test_scores_by_class_equal_mmseg(monkeypatch):
    samples = make_samples(ids=[0, 1, 4])
    metric = ConfusionIoUMetric()
    expected = score(metric, samples)
    found = scores_by_class(metric.confusion)
    assert found['IoU'].nanmean().item() == pytest.approx(
        expected['mIoU'], abs=.006)
    both = score(IoUMetric(iou_metrics=['mDice', 'mFscore']), samples)
    assert found['Dice'].nanmean().item() == pytest.approx(
        both['mDice'], abs=.006)
    assert found['precision'].nanmean().item() == pytest.approx(
        both['mPrecision'], abs=.006)
    assert found['recall'].nanmean().item() == pytest.approx(
        both['mRecall'], abs=.006)
    assert (found['labeled'] > 0).tolist() == [
        True, True, False, False, True, False, False]
    assert found['predicted'].sum().item() == pytest.approx(100)


def test_classes_are_counted():
    counts = torch.zeros(4, dtype=torch.int64)
    label = torch.tensor([[0, 1, 1], [255, 2, -1]])
    count_classes_(counts, label.to(torch.uint8))
    assert counts.tolist() == [1, 2, 1, 2]
    count_classes_(counts, label, label == 1)
    assert counts.tolist() == [1, 4, 1, 2]
