"""Hooks that write, and the loop that scores every network."""
import json
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.evaluation import IoUMetric
from mmseg.structures import SegDataSample

from mmseg_fst.engine.hooks.prediction_panel_hook import (
    PredictionPanelHook,
    figure_name,
    tiles_of,
)
from mmseg_fst.registry import MODELS
from mmseg_fst.run.score_files import is_finished

from .toy import NUM_CLASSES, SIZE, ToyPairs, make_runner, model_config

SGD = dict(type='SGD', lr=0.05, momentum=0.9)


@pytest.fixture(autouse=True)
def scope():
    init_default_scope('mmseg_fst')
    torch.set_num_threads(1)


class ToyTest(ToyPairs):
    """Single labeled images, as a validation set has them."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> dict:
        item = self._item(index, labeled=True)
        item['data_samples'].set_metainfo(
            dict(ori_shape=(SIZE, SIZE), img_shape=(SIZE, SIZE)))
        return item


def validated_runner(work_dir, hooks=(), **changes):
    """A runner with a validation set, scored every second iteration."""
    return make_runner(
        work_dir, [dict(type='MeanTeacherHook', decay=0.9), *hooks],
        SGD,
        val_dataloader=dict(
            batch_size=2,
            num_workers=0,
            dataset=ToyTest(),
            sampler=dict(type='DefaultSampler', shuffle=False)),
        val_cfg=dict(type='NetworksValLoop'),
        val_evaluator=dict(type='ConfusionIoUMetric'),
        train_cfg=dict(
            type='IterBasedTrainLoop', max_iters=4, val_interval=2),
        **changes)


def score(network, preprocessor) -> float:
    """mIoU of one network, computed image by image."""
    areas = [torch.zeros(NUM_CLASSES) for _ in range(4)]
    network.eval()
    dataset = ToyTest()
    for index in range(len(dataset)):
        item = dataset[index]
        data = preprocessor(
            dict(inputs=[item['inputs']], data_samples=[
                item['data_samples']]))
        with torch.no_grad():
            logits = network.encode_decode(data['inputs'], [
                dict(ori_shape=(SIZE, SIZE), img_shape=(SIZE, SIZE))])
        label = item['data_samples'].gt_sem_seg.data[0]
        for total, area in zip(
                areas,
                IoUMetric.intersect_and_union(logits[0].argmax(0), label,
                                              NUM_CLASSES, 255)):
            total += area
    return float(np.nanmean((areas[0] / areas[1]).numpy()) * 100)


def test_each_network_is_scored_on_its_own(tmp_path):
    runner = validated_runner(tmp_path)
    runner.train()
    model = runner.model
    for weight in model.teacher.parameters():  # so that they surely differ
        weight.add_(torch.randn_like(weight))
    metrics = runner.val_loop.run()
    for name in ('student', 'teacher'):
        expected = score(model.network(name), model.data_preprocessor)
        assert metrics[f'{name}/mIoU'] == pytest.approx(expected, abs=0.006)
    assert metrics['student/mIoU'] != metrics['teacher/mIoU']
    assert model.predict_with == 'student'


def test_results_list_every_validation(tmp_path):
    hooks = [dict(type='ResultsHook')]
    runner = validated_runner(tmp_path, hooks)
    runner.train()
    path = tmp_path / 'results.json'
    content = json.loads(path.read_text())
    assert list(content['iterations']) == ['2', '4']
    assert content['seed'] == 0 and content['max_iters'] == 4
    assert content['train_minutes'] > 0
    assert content['command'].startswith('python ')
    assert content['protocol'] == (
        'whole image at the size of the test pipeline')


def test_results_say_that_a_run_stopped_early(tmp_path):
    stop = dict(type='EarlyStoppingHook', monitor='student/mIoU',
                stopping_threshold=-1.)
    validated_runner(tmp_path, [dict(type='ResultsHook'), stop]).train()
    content = json.loads((tmp_path / 'results.json').read_text())
    assert content['stopped_early'] is True
    assert list(content['iterations']) == ['2'] and is_finished(tmp_path)


def test_a_resumed_run_counts_earlier_validations(tmp_path):
    """A run that had stopped stays as it is."""
    stop = dict(type='EarlyStoppingHook', monitor='student/mIoU', patience=1,
                min_delta=100.)
    hooks = [dict(type='ResultsHook'), dict(type='ResumeHook'), stop]
    validated_runner(tmp_path, hooks, default_hooks=dict(
        checkpoint=dict(type='AtomicCheckpointHook', interval=2,
                        save_best='student/mIoU'))).train()
    runner = resumed_from(tmp_path, 2, hooks)
    assert not runner.train_loop.stop_training
    runner = resumed_from(tmp_path, 4, hooks)
    runner.train_loop.run()  # repeats the validation after the checkpoint
    assert runner.train_loop.stop_training
    content = json.loads((tmp_path / 'results.json').read_text())
    assert content['stopped_early'] is True


def resumed_from(folder, iteration, hooks):
    runner = validated_runner(
        folder, hooks, load_from=str(folder / f'iter_{iteration}.pth'),
        resume=True)
    runner.load_or_resume()
    runner.call_hook('before_train')
    return runner


def test_results_are_those_of_the_checkpoint(tmp_path):
    """Whatever was written later, or was lost; then they go on."""
    hooks = [dict(type='ResultsHook'), dict(type='ResumeHook'),
             dict(type='SeedIterationHook')]
    runner = validated_runner(
        tmp_path, hooks, default_hooks=dict(checkpoint=dict(
            type='AtomicCheckpointHook', interval=2,
            save_best='student/mIoU')))
    runner.train()
    path = tmp_path / 'results.json'
    whole = json.loads(path.read_text())
    for lost in (False, True):
        if lost:
            path.unlink()
        runner = resumed_from(tmp_path, 2, hooks)
        cut = json.loads(path.read_text())['iterations']
        assert cut == {'2': whole['iterations']['2']}
    runner.train_loop.run()
    assert json.loads(path.read_text())['iterations'] == whole['iterations']


def test_results_of_a_run_of_an_older_version_are_kept(tmp_path):
    """Its checkpoints do not hold them."""
    validated_runner(tmp_path).train()
    path = tmp_path / 'results.json'
    past = {str(i): {'student/mIoU': float(i)} for i in (2, 4, 6)}
    path.write_text(json.dumps(dict(iterations=past)))
    resumed_from(tmp_path, 4, [dict(type='ResultsHook')])
    assert list(json.loads(path.read_text())['iterations']) == ['2', '4']


def test_results_of_another_run_are_forgotten(tmp_path):
    path = tmp_path / 'results.json'
    path.write_text(json.dumps(dict(iterations={'2': {}})))
    make_runner(tmp_path, [dict(type='MeanTeacherHook'),
                           dict(type='ResultsHook')], SGD, max_iters=1).train()
    assert not path.exists()


def test_results_of_two_protocols_are_not_mixed(tmp_path):
    hooks = [dict(type='ResultsHook')]
    validated_runner(tmp_path, hooks).train()
    changed = validated_runner(
        tmp_path, hooks, model=model_config(protocol=dict(type='Canvas')),
        load_from=str(tmp_path / 'iter_4.pth'), resume=True)
    with pytest.raises(ValueError, match='513 x 513 canvas'):
        changed.train()


def test_the_log_says_which_protocol_gave_a_score(tmp_path):
    runner = validated_runner(
        tmp_path,
        model=model_config(protocol=dict(type='WholeImage')),
        log_level='INFO')
    runner.train()
    text = next(tmp_path.glob('*/*.log')).read_text()
    for name in ('student', 'teacher'):
        line = (f'Results of the {name} by class, in percent (whole image at '
                'native size):')
        assert text.count(line) == 2


@pytest.mark.parametrize('protocol, size', [
    (None, (20, 28)), (dict(type='Canvas', size=40), (40, 40))])
def test_panel_shows_what_is_scored(tmp_path, protocol, size):
    """On a canvas, the image lies where its label lies."""
    height, width = size
    path = tmp_path / 'street.png'
    cv2.imwrite(str(path), np.full((20, 28, 3), 200, np.uint8))
    sample = SegDataSample(metainfo=dict(
        img_path=str(path), ori_shape=(20, 28), img_shape=(20, 28)))
    sample.gt_sem_seg = PixelData(
        data=torch.ones(1, 20, 28, dtype=torch.int64))
    model = MODELS.build(model_config(protocol=protocol)).eval()
    with torch.no_grad():
        sample, = model.predict(torch.rand(1, 3, 20, 28), [sample])
    sample.set_field(sample.pred_sem_seg, 'student_sem_seg')
    palette = ToyPairs.metainfo['palette']
    tiles = tiles_of(sample, ['student'], ToyPairs())
    assert list(tiles) == ['image', 'label', 'student', 'student errors']
    assert {tile.shape for tile in tiles.values()} == {(height, width, 3)}
    image_file, label = tiles['image'], tiles['label']
    there = (image_file == 200).all(2)
    assert there.sum() == 20 * 28
    # Half of the image and half of the color.
    tint = (np.array(palette[1]) + 200) / 2
    assert (np.median(label[there], 0) == tint).all()
    padding = label[~there]
    if len(padding):
        assert (np.median(padding, 0) == np.array(palette[0]) // 2).all()
    errors = tiles['student errors']
    wrong = (errors == (214, 39, 40)).all(2)
    assert (tiles['student'] != label).any(2)[wrong].all()
    assert (errors[~wrong] == errors[~wrong][:, :1]).all()


@pytest.mark.parametrize('folder, path, name', [
    ('data/own', 'data/own/city/img/7.png', 'city_img_7'),
    ('data/own/', 'data/own/7.b.png', '7.b'),
    ('', 'photos/7.png', 'photos_7'),
    ('data/own', 'data/7.png', '7'),
    (None, 'photos/a/7.png', 'photos_a_7')])
def test_figures_are_named_by_the_path_of_the_image(folder, path, name):
    dataset = SimpleNamespace()
    if folder is not None:
        dataset.data_prefix = dict(img_path=folder)
    assert figure_name(path, dataset) == name


def test_images_of_one_file_name_have_a_figure_each(tmp_path):
    samples = []
    for city in ('paris', 'rome'):
        path = tmp_path / city / 'img' / '7.png'
        path.parent.mkdir(parents=True)
        cv2.imwrite(str(path), np.full((20, 28, 3), 200, np.uint8))
        sample = SegDataSample(metainfo=dict(img_path=str(path)))
        sample.set_field(PixelData(data=torch.zeros(1, 20, 28)),
                         'student_sem_seg')
        samples.append(sample)
    dataset = SimpleNamespace(
        metainfo=ToyPairs.metainfo, data_prefix=dict(img_path=str(tmp_path)))
    runner = SimpleNamespace(
        test_dataloader=SimpleNamespace(dataset=dataset, batch_size=2),
        model=SimpleNamespace(networks=['student']))
    PredictionPanelHook(str(tmp_path / 'out')).after_test_iter(
        runner, 0, outputs=samples)
    assert sorted(entry.name for entry in (tmp_path / 'out').iterdir()) == [
        'paris_img_7.png', 'rome_img_7.png']


def test_panel_of_the_mixed_batch(tmp_path):
    hook = dict(type='MixVisualizationHook', interval=3, max_images=2)
    runner = make_runner(
        tmp_path, [dict(type='MeanTeacherHook'), hook], SGD, max_iters=4)
    runner.train()
    image_files = sorted(tmp_path.glob('*/vis_data/mixed/*.png'))
    assert [entry.name for entry in image_files
            ] == ['iter_000001.png', 'iter_000003.png']
    image_file = cv2.imread(str(image_files[0]))
    # Eight columns with a border, two rows under a title.
    assert image_file.shape[1] == 8 * (SIZE + 2)
    assert image_file.shape[0] > 2 * SIZE
    model = runner.model
    # The mixed label is the true one where pasted, else the teacher's.
    mixed = model.mixed
    below = ~mixed.mask
    assert torch.equal(mixed.label[below], model.pseudo_label[below])


def test_no_panel_without_a_teacher(tmp_path):
    hook = dict(type='MixVisualizationHook', interval=1)
    runner = make_runner(
        tmp_path, [hook], SGD, max_iters=1,
        model=model_config(
            type='Supervised', pseudo_labeler=None, mixer=None))
    runner.train()
    assert not list(tmp_path.glob('*/vis_data/mixed/*.png'))
