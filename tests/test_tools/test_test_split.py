"""Which images ``sh test.sh RUN --split`` scores."""
import pytest
from mmengine.config import Config

from mmseg_fst.run.test import choose_split


def config(test):
    return Config(dict(
        val_dataloader=dict(dataset=dict(ann_file='val.txt')),
        val_evaluator=dict(type='A'),
        test_dataloader=dict(dataset=dict(ann_file=test)),
        test_evaluator=dict(type='B')))


@pytest.mark.parametrize('split, file, metric', [
    ('val', 'val.txt', 'A'), ('test', 'test.txt', 'B')])
def test_a_split_is_chosen(split, file, metric):
    cfg = config('test.txt')
    choose_split(cfg, split, 'a.py')
    assert cfg.test_dataloader.dataset.ann_file == file
    assert cfg.test_evaluator.type == metric


def test_a_config_without_test_split_is_named():
    with pytest.raises(ValueError, match=r'a\.py has no test split.*--test'):
        choose_split(config('val.txt'), 'test', 'a.py')
