"""Training with a third side: its images reach the method, also on resume."""
import cv2
import pytest
import torch
from helpers import make_streets, model_cfg, paired_cfg, streets_cfg
from mmengine.config import Config

from mmseg_fst.engine.hooks import PseudoLabelQualityHook
from mmseg_fst.methods import MeanTeacher
from mmseg_fst.registry import MODELS
from mmseg_fst.run.launch import build_runner

from .toy import assert_equal, state

SIZES = dict(labeled=2, unlabeled=3, target_labeled=1)
FST = dict(type='FSTHook', depth=1, decay=.9)


@MODELS.register_module()
class ReadsThreeSides(MeanTeacher):
    """Learns from labels of two sides and from pseudo-labels of another."""

    parts = ('labeled', 'mixed', 'target')
    sides = ('labeled', 'unlabeled', 'target_labeled')

    def train_on(self, step, batch):
        self.read = {
            name: (side.image.shape,
                   [sample.img_path for sample in side.samples])
            for name, side in batch.sides.items()
        }
        super().train_on(step, batch)
        step.learn('target', lambda: self.target_pass(batch.target_labeled))

    def target_pass(self, side):
        losses, _ = self.supervised(side)
        return dict(target=losses['labeled']), None


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    return make_streets(tmp_path_factory.mktemp('streets'), train=7)


def config(root, folder, max_iters=4, sizes=SIZES, hooks=(FST, ), **changes):
    """A run whose transforms use random numbers on every side."""
    dataset = paired_cfg(root)
    dataset['sides']['target_labeled'] = streets_cfg(
        root, 'camera', split='val')
    for side in dataset['sides'].values():
        side['pipeline'][-1:-1] = [
            dict(type='RandomFlip', prob=.5),
            dict(type='PhotoMetricDistortion')]
    return Config(dict(
        model=model_cfg(
            type='ReadsThreeSides', mixer=dict(type='CutMix', prob=1.)),
        train_dataloader=dict(
            batch_size=2,
            num_workers=0,
            sampler=dict(type='PairedSampler', batch_sizes=sizes, seed=0),
            dataset=dataset),
        train_cfg=dict(type='IterBasedTrainLoop', max_iters=max_iters),
        optim_wrapper=dict(
            type='OptimWrapper',
            optimizer=dict(type='SGD', lr=.01, momentum=.9)),
        custom_hooks=list(hooks),
        default_hooks=dict(
            checkpoint=dict(type='AtomicCheckpointHook', interval=2),
            logger=dict(type='LoggerHook', interval=1)),
        default_scope='mmseg_fst',
        log_level='ERROR',
        randomness=dict(seed=0),
        work_dir=str(folder),
        experiment_name=f'three_{folder.name}_{max_iters}', **changes))


def trained(*args, **kwargs):
    runner = build_runner(config(*args, **kwargs))
    runner.train()
    return runner


@pytest.mark.parametrize('sizes', [None, SIZES], ids=['equal', 'different'])
def test_a_method_reads_a_third_side(root, tmp_path, sizes):
    runner = trained(root, tmp_path, max_iters=2, sizes=sizes)
    expected = sizes or dict.fromkeys(SIZES, 2)
    for side, (shape, paths) in runner.model.read.items():
        assert shape == (expected[side], 3, 32, 64)
        assert len(paths) == expected[side]
    assert 'camera/leftImg8bit/val' in (
        runner.model.read['target_labeled'][1][0])
    # The third side is learned from: without it other weights come out.
    cfg = config(root, tmp_path / 'without', max_iters=2, sizes=sizes)
    side = cfg.train_dataloader.dataset.sides.target_labeled
    side.data_root = str(root / 'rendered')
    other = build_runner(cfg)
    other.train()
    first, second = state(runner), state(other)
    assert any(not torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize('hook', [
    FST, dict(type='WideFSTHook', width=2, decay=.9)], ids=['FST', 'wide'])
def test_a_resumed_run_is_the_same(root, tmp_path, hook):
    whole = trained(root, tmp_path / 'whole', hooks=[hook])
    trained(root, tmp_path / 'cut', max_iters=2, hooks=[hook])
    torch.rand(17)
    resumed = trained(
        root, tmp_path / 'resumed', hooks=[hook], resume=True,
        load_from=str(tmp_path / 'cut' / 'iter_2.pth'))
    assert_equal(state(whole), state(resumed))
    assert whole.model.read == resumed.model.read


def test_workers_change_nothing(root, tmp_path):
    cfg = config(root, tmp_path / 'two', max_iters=2)
    cfg.train_dataloader.num_workers = 2
    two = build_runner(cfg)
    two.train()
    assert_equal(
        state(trained(root, tmp_path / 'none', max_iters=2)), state(two))


def test_images_of_a_third_side_are_shown(root, tmp_path):
    hook = dict(type='MixVisualizationHook', interval=1)
    cfg = config(
        root, tmp_path, max_iters=1, hooks=[FST, hook],
        sizes=dict(labeled=2, unlabeled=2, target_labeled=1))
    cfg.model.type = 'MeanTeacher'
    build_runner(cfg).train()
    path, = tmp_path.glob('*/vis_data/mixed/*.png')
    image = cv2.imread(str(path))
    # Eight columns of two rows, and image and label of the third side.
    assert image.shape[1] == 10 * (64 + 2)
    third = image[-33:-1, 8 * 66 + 1:-1]
    assert (third == 255).all()
    assert not (image[-33:-1, :8 * 66] == 255).all()
    assert image[-66:-33, 8 * 66 + 1:9 * 66 - 1].std() > 5


def test_pseudo_labels_of_a_third_side_are_measured(root, tmp_path):
    hooks = [FST, dict(type='PseudoLabelQualityHook', interval=1,
                       side='target_labeled')]
    trained(root, tmp_path, max_iters=1, hooks=hooks)
    text, = (path.read_text() for path in
             tmp_path.glob('*/vis_data/scalars.json'))
    for who in ('student', 'past', 'future'):
        assert f'"pseudo_label_target_labeled/{who}/coverage"' in text
    assert '"pseudo_label/' not in text
    plain = PseudoLabelQualityHook()
    assert (plain.side, plain.prefix) == ('unlabeled', 'pseudo_label')


def test_a_side_that_is_not_there_is_named(root, tmp_path):
    hooks = [FST, dict(type='PseudoLabelQualityHook', interval=1,
                       side='target')]
    with pytest.raises(ValueError, match="side='target' .*target_labeled"):
        trained(root, tmp_path, max_iters=1, hooks=hooks)
