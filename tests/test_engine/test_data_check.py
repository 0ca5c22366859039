"""The data of a run are checked before it, and its labels throughout."""
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import make_streets, paired_cfg, streets_cfg
from PIL import Image

from mmseg_fst.datasets.label_checks import CheckLabel
from mmseg_fst.engine.hooks import DataCheckHook
from mmseg_fst.registry import DATASETS


@pytest.fixture
def runner(tmp_path):
    """The parts of a runner that the hook uses."""

    def loop(dataset):
        return SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))

    root = make_streets(tmp_path, train=1, val=1)
    for path in root.rglob('*_gtFine_labelTrainIds.png'):
        Image.fromarray(np.zeros((32, 64), np.uint8)).save(path)
    validation = DATASETS.build(streets_cfg(root, 'camera', split='val'))
    warnings = []
    return SimpleNamespace(
        train_loop=loop(DATASETS.build(paired_cfg(root))),
        val_loop=loop(validation), test_loop=loop(validation),
        logger=SimpleNamespace(warning=warnings.append), warnings=warnings)


def test_classes_without_labels_are_warned_of(runner):
    DataCheckHook().before_train(runner)
    training, validation = runner.warnings
    assert training.startswith('labeled side: no pixel of ')
    assert 'make_splits.py --stratified' in training
    assert validation.startswith('validation: no pixel of ')


@pytest.mark.parametrize('mode', ['val', 'test'])
def test_labels_of_the_evaluation_are_watched(runner, mode):
    getattr(DataCheckHook(), f'before_{mode}')(runner)
    dataset = getattr(runner, f'{mode}_loop').dataloader.dataset
    assert isinstance(dataset.pipeline.transforms[-1], CheckLabel)


def test_a_run_without_validation_is_checked(runner):
    runner.val_loop = None
    DataCheckHook(max_labels=1).before_train(runner)
    assert len(runner.warnings) <= 1


def test_limits_must_be_positive():
    with pytest.raises(ValueError, match='seconds=0 must be positive'):
        DataCheckHook(seconds=0)
