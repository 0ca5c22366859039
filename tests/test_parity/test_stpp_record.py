"""ST++ equals the authors' program: both trainings, ranking and labeling.

``train()``, ``select_reliable()`` and the test-time augmentation of
``model/semseg/base.py`` (f4e7a57). With ``meta.edit`` both kinds of images
had a pass and half of the loss each.
"""
import copy

import numpy as np
import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope

from mmseg_fst.registry import MODELS
from mmseg_fst.run.stages import labels_only
from mmseg_fst.use.label_images import mean_iou

from .peer_record import (
    SHARED,
    SHIPPED,
    cell,
    check_loss,
    check_state,
    load,
    records,
    rename_deeplab,
    replay,
    toy_network,
)

CELL = 'ssl/voc-stpp_resnet50-deeplabv3plus_stpp.py'
PATHS = records('stpp*.pt')


def network_of(record):
    return toy_network(record['meta']['nclass'], dilations=(1, 12, 24, 36))


def config_of(record, mode):
    """The cell, or its first stage; dropout of the toys is off."""
    init_default_scope('mmseg_fst')
    cfg = cell(CELL, '732')
    head = cfg.model.segmentor.decode_head
    network = network_of(record)
    for key in ('bottleneck_kernel_size', 'bias', 'dilations',
                'align_corners', 'loss_decode'):
        assert head[key] == network['decode_head'][key], key
    if mode == 'train':
        cfg.work_dir = ''
        cfg = labels_only(cfg)
    else:  # images of the record are augmented
        assert cfg.model.pop('photometric') and cfg.model.pop('cut_out')
        if record['meta']['edit']:
            cfg.model.update(
                passes='separate', loss_weights=dict(labeled=.5, mixed=.5))
    cfg.model.segmentor = network
    cfg.optim_wrapper.optimizer.lr = record['meta']['lr']
    return cfg


def replayed(record, mode, **changes):
    cfg = config_of(record, mode)
    cfg.model.update(changes)
    labeled, unlabeled = record['batches'][mode]
    batches = [dict(labeled=tuple(batch)) for batch in labeled]
    if mode != 'train':
        for batch, other in zip(batches, unlabeled):
            batch['unlabeled'] = tuple(other)
    start = rename_deeplab(record['runs'][mode]['init'])
    return start, replay(
        cfg.model, batches, dict(student=start), record['meta']['iters'],
        cfg.optim_wrapper, num_classes=record['meta']['nclass'])


def check(record, mode, start, steps):
    iters = record['runs'][mode]['iters']
    assert len(steps) == len(iters)
    for index, (step, expected) in enumerate(zip(steps, iters)):
        assert step['learning_rates'] == pytest.approx(sorted(expected['lr']))
        check_loss(step['losses']['loss'], expected['loss'], index)
        if 'model' in expected:
            check_state(step['states']['student'],
                        rename_deeplab(expected['model']), start, index)


@pytest.mark.parametrize('mode', ['train', 'semi_train'])
@pytest.mark.parametrize('path', PATHS, ids=str)
def test_a_training_is_reproduced(path, mode):
    record = load(path)
    check(record, mode, *replayed(record, mode))


def test_separate_passes_are_detected():
    record = load(SHIPPED / 'stpp.pt')
    found = replayed(record, 'semi_train', passes='separate',
                     loss_weights=dict(labeled=.5, mixed=.5))
    with pytest.raises(AssertionError):
        check(record, 'semi_train', *found)


@pytest.mark.parametrize('path', PATHS, ids=str)
def test_the_ranking_is_reproduced(path):
    ranking = load(path)['ranking']
    scores = {}
    for index, maps in enumerate(ranking['preds']):
        *earlier, last = (label.byte().numpy() for label in maps)
        scores[f'im{index}'] = np.mean(
            [mean_iou(label, last) for label in earlier])
    order = sorted(scores, key=lambda name: (-scores[name], name))
    released = [line.split('/')[1].split('.')[0]
              for line in ranking['reliable'] + ranking['unreliable']]
    assert order == released
    stages = cell(CELL, '732').stages
    assert int(stages.reliable * len(order)) == len(ranking['reliable'])


@pytest.mark.parametrize('path', PATHS, ids=str)
def test_scores_at_five_sizes_are_reproduced(path):
    record = load(path)
    tta, stages = record['tta'], cell(CELL, '732').stages
    assert stages.label_by == 'best'
    protocol = MODELS.build(copy.deepcopy(stages.label_protocol))
    network = MODELS.build(ConfigDict(network_of(record))).double().eval()
    network.load_state_dict(rename_deeplab(tta['state']))
    with torch.no_grad():
        found = protocol.scores(network, tta['image'].double()).full()
    expected = tta['scores'] / 10  # a sum in the release
    torch.testing.assert_close(
        found[:, :, :expected.shape[2]], expected, rtol=1e-9, atol=1e-12)
    sums = protocol.probabilities(found[0]).sum(0)
    torch.testing.assert_close(sums, torch.ones_like(sums))


@pytest.mark.skipif(not SHARED.is_dir(),
                    reason=f'NOT TESTED: whole records, no folder {SHARED}')
def test_whole_records_are_there():
    assert any(len(load(path)['runs']['train']['iters']) == 6
               for path in PATHS)
