"""A segmentor of MMSegmentation trains under the hooks of every run."""
import json
import re

import pytest
import torch
from helpers import REPOSITORY, make_streets, network_cfg, streets_cfg
from mmengine.config import Config
from mmseg.models.segmentors import EncoderDecoder

from mmseg_fst.apis import replay, train
from mmseg_fst.apis import test as score
from mmseg_fst.engine import FiniteGuardHook
from mmseg_fst.run.launch import build_runner
from mmseg_fst.utils.checkpoint import read_checkpoint
from mmseg_fst.utils.checks import NotFinite

BASES = REPOSITORY / 'configs' / '_base_'


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_streets(tmp_path_factory.mktemp('streets'))


def loader(root, split, sampler, **changes):
    dataset = streets_cfg(root, split=split)
    return dict(batch_size=2, num_workers=0, persistent_workers=False,
                dataset=dataset, sampler=sampler, **changes)


def config(root, folder, max_iters=4, **changes):
    """As configs of this package are put together, but for the model."""
    path = folder.parent / f'{folder.name}_{max_iters}.py'
    path.write_text(
        f"_base_ = ['{BASES}/schedules/adamw_demo.py',"
        f" '{BASES}/default_runtime.py']")
    cfg = Config.fromfile(str(path))
    # No copy of a preprocessor that knows several sides.
    model = dict(
        network_cfg(), data_preprocessor=dict(
            type='SegDataPreProcessor', mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375], bgr_to_rgb=True, size=(32, 64),
            pad_val=0, seg_pad_val=255))
    evaluation = loader(root, 'val', dict(type='DefaultSampler',
                                          shuffle=False))
    cfg.merge_from_dict(dict(
        model=model, work_dir=str(folder), log_level='ERROR',
        experiment_name=f'{folder}_{max_iters}',
        train_dataloader=loader(
            root, 'train', dict(type='InfiniteSampler', seed=3)),
        val_dataloader=evaluation, test_dataloader=evaluation,
        val_evaluator=dict(type='ConfusionIoUMetric'),
        test_evaluator=dict(type='ConfusionIoUMetric'),
        vis_backends=[dict(type='LocalVisBackend')],
        train_cfg=dict(max_iters=max_iters, val_interval=2)))
    cfg.visualizer.vis_backends = [dict(type='LocalVisBackend')]
    cfg.default_hooks.checkpoint.update(interval=2, max_keep_ckpts=3)
    cfg.default_hooks.logger.interval = 1
    cfg.default_hooks.pseudo_label_quality = dict(
        type='PseudoLabelQualityHook', interval=1)
    cfg.default_hooks.mix_visualization = dict(
        type='MixVisualizationHook', interval=1)
    cfg.merge_from_dict(changes)
    return cfg


def weights_of(path):
    return read_checkpoint(str(path))['state_dict']


def test_it_trains_validates_resumes_and_is_tested(root, tmp_path):
    """Its scores are named after the student."""
    cfg = config(root, tmp_path / 'whole')
    assert type(build_runner(config(root, tmp_path / 'x')).model) is (
        EncoderDecoder)
    train(cfg)
    results = json.loads((tmp_path / 'whole' / 'results.json').read_text())
    assert list(results['iterations']) == ['2', '4']
    assert results['protocol'] == (
        'whole image at the size of the test pipeline')
    assert set(results['iterations']['4']) >= {'student/mIoU'}
    first = weights_of(tmp_path / 'whole' / 'iter_2.pth')
    last = weights_of(tmp_path / 'whole' / 'iter_4.pth')
    assert any(not torch.equal(first[name], last[name]) for name in first)
    best, = (tmp_path / 'whole').glob('best_student_mIoU_iter_*.pth')

    # A run that is resumed ends at the same weights.
    train(config(root, tmp_path / 'parts', max_iters=2))
    train(config(root, tmp_path / 'parts', max_iters=4), resume=True)
    resumed = weights_of(tmp_path / 'parts' / 'iter_4.pth')
    for name in last:
        assert torch.equal(resumed[name], last[name]), name

    scores = score(
        config(root, tmp_path / 'whole'),
        str(tmp_path / 'whole' / 'iter_4.pth'),
        show_dir=str(tmp_path / 'panels'))
    assert scores['student/mIoU'] == pytest.approx(
        results['iterations']['4']['student/mIoU'], abs=1e-4)
    written = json.loads((tmp_path / 'whole' / 'test.json').read_text())
    assert written['protocol'] == results['protocol']
    assert len(list((tmp_path / 'panels').glob('*.png'))) == 2


def test_its_scores_are_those_of_its_own_prediction(root, tmp_path):
    """Labels equal ``predict``; the samples given stay as they are."""
    runner = build_runner(config(root, tmp_path / 'run'))
    loop, model = runner.val_loop, runner.model.eval()
    batch = next(iter(loop.dataloader))
    outputs = loop._predict(model, batch)
    assert list(outputs) == ['student']
    data = model.data_preprocessor(batch)
    with torch.no_grad():
        expected = model.predict(data['inputs'])
    for sample, given, other in zip(outputs['student'],
                                    batch['data_samples'], expected):
        assert 'seg_logits' not in sample and 'pred_sem_seg' not in given
        assert sample.pred_sem_seg.shape == given.gt_sem_seg.shape
        assert torch.equal(sample.pred_sem_seg.data, other.pred_sem_seg.data)


@pytest.mark.parametrize('action', ['stop', 'skip'])
def test_a_step_that_is_not_finite(root, tmp_path, monkeypatch, action):
    """Is refused, leaves no trace, and can be made again."""
    read, count = FiniteGuardHook._read, []

    def refuse(self, *values):
        wrong, norm = read(self, *values)
        count.append(norm)
        return (dict(norm=norm), norm) if len(count) == 3 else (wrong, norm)

    monkeypatch.setattr(FiniteGuardHook, '_read', refuse)
    cfg = config(root, tmp_path / 'run', **{'non_finite.action': action})
    if action == 'stop':
        with pytest.raises(NotFinite, match='Images: images: .*leftImg8bit'
                           ) as error:
            train(cfg)
        assert re.search('replay.py', str(error.value))
    else:
        train(cfg)
        assert (tmp_path / 'run' / 'iter_4.pth').is_file()
    path, = (tmp_path / 'run' / 'not_finite').iterdir()
    found = replay(str(path))
    assert found.losses == found.recorded and len(found.losses) == 2
    assert found.grad_norm == pytest.approx(count[2], rel=1e-5)
    assert found.module is None and found.weights == found.gradients == []


def test_a_hook_that_needs_a_teacher_says_so(root, tmp_path):
    cfg = config(root, tmp_path / 'run',
                 custom_hooks=[dict(type='FSTHook', depth=1)])
    with pytest.raises(ValueError, match='FSTHook needs a model with a teach'):
        train(cfg)
