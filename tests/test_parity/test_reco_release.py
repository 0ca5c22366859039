"""ReCo is equal to the authors' training loop, step by step."""
import pytest
import torch
from mmengine.registry import init_default_scope

from mmseg_fst.models import RegionContrast, UnlabeledClassMix
from mmseg_fst.registry import MODELS

from .contrast_release import (
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
class RecordedUnlabeledClassMix(UnlabeledClassMix):
    """ClassMix with the classes of the record."""

    def sample_mask(self, label_labeled):
        return ~next(self.masks)


@MODELS.register_module()
class RecordedRegionContrast(RegionContrast):
    """The contrast with the queries and negatives of the record."""

    def sample(self, member, hard, relation):
        recorded = next(self.recorded)
        assert torch.equal(member, recorded['member'])
        assert torch.equal(hard, recorded['hard'])
        active = hard.any(0)
        torch.testing.assert_close(
            relation[active], recorded['relation'][active], rtol=0, atol=1e-9)
        return recorded['query'].long(), recorded['negative'].long()


def model_config(record):
    meta = record['meta']
    return dict(
        type='ReCo',
        segmentor=network_config(meta, representation_channels=4),
        data_preprocessor=preprocessor_config(record),
        pseudo_labeler=dict(type='ConfidenceWeight'),
        mixer=dict(type='RecordedUnlabeledClassMix'),
        contrast=dict(type='RecordedRegionContrast', **{
            key: meta[key] for key in (
                'num_queries', 'num_negatives', 'temperature',
                'weak_threshold', 'strong_threshold')}))


def run(record, tmp_path, decay=None):
    RecordedUnlabeledClassMix.masks = iter(
        [step['keep'] for step in record['iters']])
    RecordedRegionContrast.recorded = iter(record['iters'])
    hook = dict(type='MeanTeacherHook', when='after',
                decay=record['meta']['ema'] if decay is None else decay)
    init = rename(record['init'], 'student.')
    return replay(record, model_config(record), init, [hook], tmp_path)


def test_each_step_is_that_of_the_release(tmp_path):
    record = load('reco')
    _, found = run(record, tmp_path)
    assert len(found.losses) == len(record['iters']) == 4
    for index, expected in enumerate(record['iters']):
        losses = found.losses[index]
        for name, key in (('labeled.decode.loss_ce', 'sup'),
                          ('mixed.decode.loss_ce', 'unsup'),
                          ('loss_contrast', 'reco')):
            assert losses[name] == pytest.approx(expected[key], rel=1e-9)
        for network in ('student', 'teacher'):
            for name, distance in differences(
                    found.weights[index],
                    rename(expected[network], f'{network}.')):
                assert distance < 1e-9, (index, name)


def test_another_decay_is_detected(tmp_path):
    """Its teacher labels other pixels; the recorded masks show it."""
    with pytest.raises(AssertionError):
        run(load('reco'), tmp_path, decay=.3)


def test_the_gradient_reaches_queries_alone():
    """Of the contrast, with regard to the representations."""
    record = load('reco')
    meta, expected = record['meta'], record['iters'][0]
    gradient = expected['gradient']
    hit = gradient.abs().sum(1).flatten() > 0
    queries = expected['query'].long().unique()
    assert set(hit.nonzero()[:, 0].tolist()) == set(queries.tolist())
    assert meta['num_queries'] == expected['query'].shape[1]
