"""CAC is equal to the forward pass of the release, step by step.

To 1e-7: the release differentiates the shift of its exponentials, too, which
changes nothing but for the numbers that it adds to denominators.
"""
import pytest
from mmengine.registry import init_default_scope

from mmseg_fst.models import DirectionalContrast
from mmseg_fst.registry import MODELS

from .contrast_release import (
    RecordedItems,
    differences,
    load,
    network_config,
    preprocessor_config,
    rename,
    replay,
)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')


@MODELS.register_module()
class RecordedDirectionalContrast(DirectionalContrast):
    """The contrast with the pixels of the record."""

    def sample(self, counts):
        chosen = next(self.recorded)
        assert max(int(part.max()) for part in chosen) < min(counts)
        return [part.long() for part in chosen]


class RecordedCrops(RecordedItems):
    """With the places of the crops."""

    def __getitem__(self, index):
        item = super().__getitem__(index)
        for sample, boxes, flips in zip(
                item['unlabeled']['data_samples'],
                self.record['overlaps'][index], self.record['flips'][index]):
            sample.set_metainfo(dict(overlaps=boxes, flips=flips))
        return item


def run(record, work_dir, past_batches=2):
    meta = record['meta']
    RecordedDirectionalContrast.recorded = iter([
        step['chosen'] for step in record['iters']])
    model = dict(
        type='CAC', segmentor=network_config(meta),
        data_preprocessor=preprocessor_config(record),
        projection=dict(type='PixelProjection', channels=meta['channels'],
                        normalize=True),
        contrast=dict(
            type='RecordedDirectionalContrast', num_keys=meta['num_keys'],
            past_batches=past_batches, temperature=meta['temperature'],
            threshold=meta['threshold'], loss_weight=meta['loss_weight']))
    return replay(record, model, names(record['init']), [], work_dir,
                  items=RecordedCrops)[1]


def names(state):
    """Our names of the weights of a network and its projection."""
    student = {key: value for key, value in state.items()
               if not key.startswith('project')}
    return {
        **rename(student, 'student.'),
        **{key.replace('project', 'auxiliary.projection_head'): value
           for key, value in state.items() if key.startswith('project')}
    }


def test_each_step_is_that_of_the_release(tmp_path):
    record = load('cac')
    found = run(record, tmp_path)
    for index, expected in enumerate(record['iters']):
        losses = found.losses[index]
        assert losses['labeled.decode.loss_ce'] == pytest.approx(
            expected['losses']['loss_sup'], rel=1e-7)
        assert losses['loss_contrast'] == pytest.approx(
            expected['losses']['loss_unsup'], rel=1e-7)
        for name, distance in differences(
                found.weights[index], names(expected['weights'])):
            assert distance < 1e-7, (index, name)
    assert len(found.losses) == 5


def test_a_shorter_memory_is_detected(tmp_path):
    record = load('cac')
    found = run(record, tmp_path, past_batches=1)
    assert found.losses[1]['loss_contrast'] == pytest.approx(
        record['iters'][1]['losses']['loss_unsup'], rel=1e-7)
    assert found.losses[2]['loss_contrast'] != pytest.approx(
        record['iters'][2]['losses']['loss_unsup'], rel=1e-3)
