"""The scores over 16 and 13 classes."""
import json
from functools import partial

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from helpers import REPOSITORY
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmseg.datasets import CityscapesDataset

from mmseg_fst.evaluation import SynthiaIoUMetric
from mmseg_fst.registry import METRICS
from mmseg_fst.run.score_files import read_scores

META = CityscapesDataset.METAINFO
# Written down by train id, apart from the names in the metric.
SIXTEEN = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18]
THIRTEEN = [0, 1, 2, 6, 7, 8, 10, 11, 12, 13, 15, 17, 18]


def make_samples(count=6, shown=range(19), seed=0):
    """Predictions that are right at about every second pixel."""
    rng = np.random.default_rng(seed)
    samples = []
    for _ in range(count):
        label = rng.choice([*shown, 255], (16, 16))
        taken = np.where(rng.random(label.shape) < .5, label,
                         rng.choice(list(shown), label.shape))
        taken[taken == 255] = shown[0]
        samples.append({
            'gt_sem_seg': dict(data=torch.from_numpy(label)[None]),
            'pred_sem_seg': dict(data=torch.from_numpy(taken)[None]),
        })
    return samples


def score(samples, cfg=None):
    metric = METRICS.build(cfg or dict(type='SynthiaIoUMetric'))
    metric.dataset_meta = META
    for sample in samples:
        metric.process({}, [sample])
    return metric.evaluate(len(samples))


def ious_of(samples):
    """IoU of each class by its definition, over all pixels at once."""
    label, taken = (
        torch.cat([sample[key]['data'].ravel() for sample in samples]).numpy()
        for key in ('gt_sem_seg', 'pred_sem_seg'))
    taken, label = taken[label != 255], label[label != 255]
    ious = []
    for class_id in range(19):
        both = ((label == class_id) & (taken == class_id)).sum()
        either = ((label == class_id) | (taken == class_id)).sum()
        ious.append(both / either if either else np.nan)
    return np.array(ious)


@pytest.mark.parametrize('shown', [range(19), SIXTEEN, range(12)])
def test_means_are_over_the_right_classes(shown):
    samples = make_samples(shown=shown)
    metrics, ious = score(samples), ious_of(samples)
    for name, classes in (('mIoU', range(19)), ('mIoU16', SIXTEEN),
                          ('mIoU13', THIRTEEN)):
        expected = 100 * np.nanmean(ious[list(classes)])
        assert metrics[name] == pytest.approx(expected, abs=.00501)


def test_other_metrics_equal_mmseg():
    samples = make_samples()
    metrics = score(samples)
    plain = score(samples, dict(type='IoUMetric'))
    for key, value in plain.items():
        assert metrics[key] == pytest.approx(float(value), abs=1e-5)
    assert set(metrics) - set(plain) == {'mIoU16', 'mIoU13'}


def test_other_classes_are_refused():
    metric = SynthiaIoUMetric()
    metric.dataset_meta = dict(classes=META['classes'][:10])
    metric.process({}, make_samples(1, range(10)))
    with pytest.raises(ValueError, match='no train, truck. Use Confusion'):
        metric.evaluate(1)


def test_results_and_summary_find_the_scores(tmp_path):
    """The loop names metrics by network, ``read_scores`` by their end."""
    metrics = {
        f'{network}/{key}': float(value)
        for network in ('student', 'teacher')
        for key, value in score(make_samples()).items()
    }
    (tmp_path / 'results.json').write_text(
        json.dumps(dict(iterations={'10': metrics})))
    for name in ('mIoU', 'mIoU16', 'mIoU13'):
        scores = read_scores(str(tmp_path), name)
        assert [entry.network for entry in scores] == ['student', 'teacher']
        assert scores[0].last == metrics[f'student/{name}']


def test_an_evaluator_builds_it_from_the_config():
    cfg = Config.fromfile(
        str(REPOSITORY / 'configs/_base_/datasets/'
            'synthia_to_cityscapes_512x512.py'))
    evaluator = Evaluator(cfg.val_evaluator)
    assert isinstance(evaluator.metrics[0], SynthiaIoUMetric)


def score_a_part(rank, file, out):
    """One of two processes: score every second image."""
    dist.init_process_group(
        'gloo', init_method=f'file://{file}', rank=rank, world_size=2)
    metric = SynthiaIoUMetric()
    metric.dataset_meta = META
    samples = make_samples(5)
    for sample in samples[rank::2]:
        metric.process({}, [sample])
    # As from a loader that repeats an image to give both the same number.
    if rank:
        metric.process({}, [samples[0]])
    torch.save(metric.evaluate(5), f'{out}{rank}')
    dist.destroy_process_group()


def test_two_processes_score_as_one(tmp_path):
    context = mp.get_context('fork')
    work = partial(score_a_part, file=tmp_path / 'store', out=tmp_path / 'out')
    processes = [context.Process(target=work, args=(i, )) for i in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
        assert process.exitcode == 0
    expected = {key: float(v) for key, v in score(make_samples(5)).items()}
    for rank in range(2):
        found = torch.load(f'{tmp_path}/out{rank}', weights_only=False)
        assert {key: float(v) for key, v in found.items()} == expected
