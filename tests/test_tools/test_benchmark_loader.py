"""The benchmark of pipelines compares the same crops."""
import argparse
import sys

import numpy as np
import pytest
import torch
from helpers import REPOSITORY
from mmengine.registry import DefaultScope

sys.path.insert(0, str(REPOSITORY / 'tools'))
from benchmarks import loader, loader_jobs  # noqa: E402

from mmseg_fst.utils.randomness import seeded  # noqa: E402

SMALL = dict(
    gta=loader_jobs.ImageKind((320, 176), '.png', 1),
    cityscapes=loader_jobs.ImageKind((340, 170), '.png', 1),
    voc=loader_jobs.ImageKind((100, 75), '.jpg', 1),
    photo=loader_jobs.ImageKind((2052, 1040), '.jpg', 1))


@pytest.fixture(scope='module')
def jobs(tmp_path_factory):
    """Make the jobs with two small files of each kind."""
    with pytest.MonkeyPatch.context() as patch, \
            DefaultScope.overwrite_default_scope('mmseg_fst'):
        patch.setattr(loader_jobs, 'IMAGE_KINDS', SMALL)
        return loader_jobs.generated_jobs(tmp_path_factory.mktemp('files'), 2)


def image_of(sample, number):
    with seeded(number):
        return sample(number)['inputs']


EXACT = {'stock', 'config', 'packed'}


@pytest.mark.parametrize('index, rows', [
    (0, {'distorted', 'reloaded', 'rare', 'rare packed'}),
    (1, {'distorted'}),
    (2, {'distorted', 'reduce_to'}),
    (3, {'distorted'}),
    (4, {'distorted', 'scale_crops', 'both'}),
])
def test_rows_make_the_same_crops(jobs, tmp_path, index, rows):
    built = loader.rows_of(jobs[index], str(tmp_path / 'packs'))
    assert set(built) == EXACT | rows
    for number in range(3):
        stock = image_of(built['stock'], number)
        for name in EXACT:
            assert torch.equal(image_of(built[name], number), stock), name
        for name in rows & {'scale_crops', 'both', 'reduce_to'}:
            image = image_of(built[name], number)
            assert image.shape == stock.shape
            difference = (image.int() - stock.int()).abs().float()
            assert difference.mean() < 4, name
        for name in rows & {'rare', 'rare packed'}:
            assert torch.equal(image_of(built[name], number),
                               image_of(built['reloaded'], number))


def test_stock_uses_only_steps_of_mmsegmentation(jobs):
    for job in jobs:
        kinds = {step['type'] for step in
                 loader.stock_pipeline(job.dataset['pipeline'])}
        assert kinds <= {
            'LoadImageFromFile', 'LoadAnnotations', 'Resize',
            'RandomFactorResize', 'RandomCrop', 'RandomFlip',
            'PackSegInputs'}


def test_megabytes_are_the_size_of_the_tensors(jobs, tmp_path):
    rows = loader.rows_of(jobs[0], str(tmp_path))
    pixels = np.prod(rows['stock'](0)['inputs'].shape[1:]) / 1e6
    assert loader.megabytes(rows['stock'](0)) == pytest.approx(11 * pixels)
    assert loader.megabytes(rows['config'](0)) == pytest.approx(4 * pixels)


def test_throughput_is_items_per_second(monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(loader.time, 'process_time', lambda: next(clock) / 4)
    numbers = []
    throughput = loader.measure(
        dict(a=numbers.append, b=numbers.append), 3, 2)
    assert throughput == dict(a=[12, 12], b=[12, 12])
    assert numbers == [0, 1, 2] * 6


def test_tables_are_printed(monkeypatch, streets, capsys):
    monkeypatch.setenv('STREETS_ROOT', str(streets))
    parser = argparse.ArgumentParser()
    loader.add_arguments(parser)
    config = REPOSITORY / 'configs/_base_/datasets/streets_256x128.py'
    loader.run(parser.parse_args(
        ['--config', str(config), '--images', '2', '--items', '1',
         '--rounds', '1', '--only', 'unlabeled']))
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if 'side of' in line] == [
        f'unlabeled side of {config}']
    rows = [line.split(' | ') for line in lines if line.count('|') == 6][2:]
    assert [row[0] for row in rows] == ['| stock', '| distorted', '| config',
                                        '| packed']
    assert rows[0][2:] == ['1.00 (1.00-1.00)', 'stock', '0.01 |']
