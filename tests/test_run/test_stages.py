"""ST++: three stages, with pseudo-labels on disk in between."""
import copy
import json
import runpy
from pathlib import Path

import numpy as np
import pytest
import torch
from cells import load, roots  # noqa: F401
from helpers import REPOSITORY
from PIL import Image
from process_server import Group
from test_run.staged_processes import train_stages

from mmseg_fst.apis import load_network, train
from mmseg_fst.run import stages
from mmseg_fst.run.stages import labels_only, retrain, write_ranking
from mmseg_fst.use import label_images as label_module
from mmseg_fst.use.label_images import mean_iou
from mmseg_fst.utils.checkpoint import read_checkpoint

CELL = 'ssl/camvid-1_16_stpp'


@pytest.fixture(scope='module')
def run(roots, tmp_path_factory):  # noqa: F811
    """Folder of one whole run."""
    folder = tmp_path_factory.mktemp('stpp') / 'seed_0'
    train(load(CELL, folder))
    return folder


def lines(path):
    return path.read_text().split()


def test_every_stage_is_scored(run):
    for folder in (run / 'stage_1', run / 'stage_2', run):
        results = json.loads((folder / 'results.json').read_text())
        assert set(results['iterations']) == {'2'}


def test_every_stage_logs_into_its_own_folder(run):
    for folder in (run / 'stage_1', run / 'stage_2', run):
        log, = folder.glob('*/vis_data')
        logged = [json.loads(line)
                  for line in (log / 'scalars.json').read_text().splitlines()]
        assert any('student/mIoU' in line for line in logged)
        assert any('loss' in line for line in logged)
        assert list(log.glob('events.out.tfevents.*'))


def test_the_reliable_half_is_labeled_first(run, roots):  # noqa: F811
    ranking = run / 'stage_1' / 'ranking_iter_2'
    content = json.loads((ranking / 'ranking.json').read_text())
    unlabeled = lines(
        roots / 'camvid/splits/train_1_16_seed0_unlabelled.txt')
    scores = list(content['scores'].values())
    assert sorted(content['scores']) == sorted(unlabeled)
    assert scores == sorted(scores, reverse=True)
    assert [path.rpartition('/')[2] for path in content['checkpoints']
            ] == ['iter_1.pth', 'iter_2.pth']
    reliable = lines(ranking / 'reliable.txt')
    assert reliable == list(content['scores'])[:len(unlabeled) // 2]
    labels = run / 'stage_1' / 'labels_iter_2'
    assert {path.stem for path in labels.iterdir()} == set(reliable)
    labels = run / 'stage_2' / 'labels_iter_2'
    assert {path.stem for path in labels.iterdir()} == set(unlabeled)


def test_labels_are_ids_at_the_size_of_the_image(run, roots):  # noqa: F811
    for path in (run / 'stage_2' / 'labels_iter_2').iterdir():
        label = Image.open(path)
        photo = Image.open(roots / 'camvid/images' / f'{path.stem}.jpg')
        assert label.mode == 'P' and label.size == photo.size
        assert np.asarray(label).max() < 11


def test_a_finished_run_is_not_repeated(run, capsys):
    before = (run / 'iter_2.pth').stat().st_mtime_ns
    train(load(CELL, run), resume=True)
    assert capsys.readouterr().out.count('It is finished.') == 3
    assert (run / 'iter_2.pth').stat().st_mtime_ns == before


def call(monkeypatch, name, *words):
    """Run a tool."""
    monkeypatch.setattr('sys.argv', [name, *map(str, words)])
    runpy.run_path(str(REPOSITORY / 'tools' / name), run_name='__main__')


def test_tools_do_the_same(run, roots, tmp_path,  # noqa: F811
                           monkeypatch, capsys):
    source = roots / 'camvid/splits/train_1_16_seed0_unlabelled.txt'
    first = run / 'stage_1'
    call(monkeypatch, 'rank_images.py', first, '--list', source, '--out',
         tmp_path)
    for name in ('reliable.txt', 'unreliable.txt', 'ranking.json'):
        actual = (tmp_path / name).read_text()
        assert actual == (first / 'ranking_iter_2' / name).read_text()
    out = tmp_path / 'labels'
    for written in (1, 0):  # the second time all are there
        call(monkeypatch, 'label_images.py', first, '--list',
             tmp_path / 'reliable.txt', '--out', out)
        assert f'{written} of 1 labels' in capsys.readouterr().out
    for path in out.iterdir():
        same = first / 'labels_iter_2' / path.name
        assert path.read_bytes() == same.read_bytes()


def test_labeling_goes_on_where_it_was_broken_off(run, tmp_path,
                                                   monkeypatch):
    cfg = load(CELL, run)
    model = load_network(
        labels_only(cfg), str(run / 'stage_1' / 'iter_2.pth'))
    images = label_module.UnlabeledImages(cfg)
    whole, calls = label_module.label_batch, []

    def broken(*args):
        calls.append(args)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(*args)

    monkeypatch.setattr(label_module, 'label_batch', broken)
    with pytest.raises(KeyboardInterrupt):
        label_module.label_images(model, images, str(tmp_path))
    assert len(list(tmp_path.iterdir())) == 1
    count = len(images.names)
    assert label_module.label_images(
        model, images, str(tmp_path)) == count - 1
    assert len(list(tmp_path.iterdir())) == count


def test_agreement_is_over_classes_that_occur():
    first = np.array([[0, 0], [1, 1]], np.uint8)
    second = np.array([[0, 0], [1, 2]], np.uint8)
    assert mean_iou(first, first) == 1
    assert mean_iou(first, second) == pytest.approx((1 + 1 / 2 + 0) / 3)


def test_one_checkpoint_has_no_stability():
    with pytest.raises(ValueError, match='max_keep_ckpts'):
        label_module.rank_images([None], None)


def test_a_share_without_images_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r'0.1 of 2 images'):
        write_ranking(str(tmp_path), dict(a=1., b=.5), [], 0.1)




@pytest.mark.parametrize('second_labels', ['all', 'unreliable'])
def test_reliable_images_keep_their_labels(monkeypatch, roots,  # noqa: F811
                                           tmp_path, second_labels):
    """As in the release, where the second stage labels the others alone."""
    labeled = []
    monkeypatch.setattr(stages, 'find_checkpoint', lambda *_: 'last.pth')
    monkeypatch.setattr(stages, '_train_stage', lambda *_: None)
    monkeypatch.setattr(stages, '_rank', lambda cfg, first, _: str(tmp_path))
    monkeypatch.setattr(stages, 'load_network', lambda *_: None)
    for name, content in (('reliable', 'a\n'), ('all', 'a\nb\n')):
        (tmp_path / f'{name}.txt').write_text(content)

    def label(model, images, folder):
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name in images:
            path = Path(folder) / f'{name}.png'
            if not path.is_file():
                path.write_text(folder)
                labeled.append((Path(folder).parent.name, name))

    monkeypatch.setattr(stages, 'label_images', label)
    monkeypatch.setattr(
        stages, 'UnlabeledImages', lambda cfg: lines(Path(
            cfg.train_dataloader.dataset.sides.unlabeled.ann_file)))
    cfg = load(CELL, tmp_path)
    cfg.stages.second_labels = second_labels
    stages.train_stages(cfg)
    assert labeled == [('stage_1', 'a')] + [
        ('stage_2', name)
        for name in dict(all='ab', unreliable='b')[second_labels]]
    label = (tmp_path / 'stage_2' / 'labels_last' / 'a.png').read_text()
    assert ('stage_1' in label) == (second_labels == 'unreliable')


def test_another_rule_of_labeling_is_refused(roots, tmp_path):  # noqa: F811
    cfg = load(CELL, tmp_path)
    cfg.stages.second_labels = 'reliable'
    with pytest.raises(ValueError, match="must be 'all' or 'unreliable'"):
        stages.train_stages(cfg)


def test_nothing_is_ranked_where_all_images_are_used(
        roots, tmp_path, monkeypatch):  # noqa: F811
    cfg = load(CELL, tmp_path)
    first = labels_only(cfg)
    monkeypatch.setattr(
        stages, 'sorted_checkpoints', lambda folder: [f'{folder}/iter_2.pth'])
    monkeypatch.setattr(stages, 'load_network', lambda *args: args[1])
    monkeypatch.setattr(
        stages, 'rank_images',
        lambda models, images: pytest.fail('The images are ranked.'))
    cfg.stages.reliable = 1.
    folder = Path(stages._rank(cfg, first, False))
    source = roots / 'camvid/splits/train_1_16_seed0_unlabelled.txt'
    for name in ('reliable.txt', 'all.txt'):
        assert lines(folder / name) == lines(source)
    assert not lines(folder / 'unreliable.txt')
    content = json.loads((folder / 'ranking.json').read_text())
    assert not content['checkpoints']
    assert set(content['scores'].values()) == {None}


def test_stages_of_a_config(roots, tmp_path):  # noqa: F811
    cfg = load(CELL, tmp_path)
    cfg.train_dataloader.dataset.expected = dict(labeled=2, unlabeled=2)
    cfg.train_cfg.max_iters = 100
    cfg.stages.transforms = [dict(type='RandomCutOut', prob=.5, n_holes=1,
                                  cutout_ratio=(.3, .3), seg_fill_in=255)]
    first = labels_only(cfg)
    assert set(first.model) == {'type', 'segmentor', 'data_preprocessor'}
    assert first.default_hooks.checkpoint.interval == 34
    (tmp_path / 'list.txt').write_text('a\n')
    second = retrain(cfg, 2, str(tmp_path / 'list.txt'))
    assert second.train_dataloader.dataset.expected == dict(
        labeled=2, unlabeled=1)
    steps = [step.type for step in
             second.train_dataloader.dataset.sides.unlabeled.pipeline]
    assert steps[:2] == ['LoadWholeImage', 'LoadAnnotations']
    assert steps[-2:] == ['RandomCutOut', 'PackByteInputs']
    assert second.work_dir.endswith('stage_2')
    assert retrain(cfg, 3, str(tmp_path / 'list.txt')
                   ).work_dir == str(tmp_path)
    for stage in (first, second):
        assert 'stages' not in stage and 'stages' in cfg


def test_a_stage_differs_in_what_is_said_of_it(roots,  # noqa: F811
                                               tmp_path):
    cfg = load(CELL, tmp_path)
    cfg.param_scheduler = [dict(type='PolyLR', end=9), dict(type='LinearLR')]
    cfg.stages.first = dict(
        train_cfg=dict(max_iters=30), train_dataloader=dict(batch_size=7))
    cfg.stages.second = dict(param_scheduler={'0': dict(end=5)})
    (tmp_path / 'list.txt').write_text('a\n')
    first, second, third = labels_only(cfg), *(
        retrain(cfg, number, str(tmp_path / 'list.txt')) for number in (2, 3))
    assert first.train_cfg == {**cfg.train_cfg, 'max_iters': 30}
    assert first.train_dataloader.batch_size == 7
    assert first.default_hooks.checkpoint.interval == 10
    assert second.param_scheduler == [
        dict(type='PolyLR', end=5), dict(type='LinearLR')]
    assert third.param_scheduler == first.param_scheduler == (
        cfg.param_scheduler)
    for stage in (second, third):
        assert stage.train_cfg == cfg.train_cfg
        assert stage.train_dataloader.batch_size == (
            cfg.train_dataloader.batch_size)


def written_in(folder):
    """Files of a run; which image is the most stable is left to chance."""
    return {
        path.relative_to(folder)
        for path in folder.rglob('*')
        if path.suffix in ('.pth', '.txt', '.json', '.png')
        and 'vis_data' not in path.parts
        and path.parent != folder / 'stage_1' / 'labels_iter_2'
    }


@pytest.mark.slow
def test_two_processes_train_all_stages(run, roots,  # noqa: F811
                                        process_server, tmp_path):
    folder = tmp_path / 'seed_0'

    def printed(resume):
        outputs, = process_server.run(
            tmp_path / f'resume_{resume}',
            Group(2, train_stages, (load(CELL, folder), resume)))
        return ''.join(outputs)

    assert printed(False).count('stage-') == 3  # by one of them
    written, alone = written_in(folder), written_in(run)
    assert written == alone
    for stage in ('stage_1', 'stage_2'):
        count = [len(list((path / stage / 'labels_iter_2').iterdir()))
                 for path in (folder, run)]
        assert count[0] == count[1] > 0
    assert printed(True).count('It is finished.') == 3


def test_labels_are_made_by_their_own_protocol(monkeypatch, roots,  # noqa: F811
                                               tmp_path):
    """Which is not that of the scores, as in the release of ST++."""
    found = []

    def labeler(cfg, checkpoint, trust):
        found.append((cfg.model.get('protocol'), checkpoint))

    monkeypatch.setattr(stages, 'load_network', labeler)
    monkeypatch.setattr(stages, 'label_images', lambda *_: None)
    monkeypatch.setattr(stages, 'find_checkpoint', lambda *which: which[1])
    cfg = load(CELL, tmp_path)
    for rules in ({}, dict(label_by='best',
                           label_protocol=dict(type='MultiScale'))):
        cfg.stages.update(rules)
        stages._label(copy.deepcopy(cfg), labels_only(cfg), cfg.stages, False)
    (native, last), (several, best) = found
    assert native == cfg.model.get('protocol') and last == 'last'
    assert several == dict(type='MultiScale') and best == 'best'


@pytest.mark.parametrize('cell', [CELL, 'ssl/camvid-1_16_dsbn'])
def test_where_later_stages_start(monkeypatch, roots, tmp_path,  # noqa: F811
                                  cell):
    """Of DSBN from the network that labels, as in its release."""
    monkeypatch.setattr(stages, 'load_network', lambda *_: None)
    monkeypatch.setattr(stages, 'label_images', lambda *_: None)
    monkeypatch.setattr(
        stages, 'find_checkpoint',
        lambda folder, which: f'{folder}/{which}.pth')
    cfg = load(cell, tmp_path)
    second, first = copy.deepcopy(cfg), labels_only(cfg)
    stages._label(second, first, cfg.stages, False)
    assert first.get('load_from') is None
    assert second.get('load_from') == (
        f'{first.work_dir}/last.pth' if 'dsbn' in cell else None)


def test_another_start_is_refused(roots, tmp_path):  # noqa: F811
    cfg = load(CELL, tmp_path)
    cfg.stages.start_from = 'student'
    with pytest.raises(ValueError, match="'config' or 'labeler', got 'stud"):
        stages.train_stages(cfg)


@pytest.mark.slow
def test_a_split_network_starts_from_one_that_is_not(
        roots, tmp_path):  # noqa: F811
    """Without a learning rate, all stages have the weights of the first."""
    cfg = load('ssl/camvid-1_16_dsbn', tmp_path)
    cfg.optim_wrapper.optimizer.lr = 0.
    train(cfg)
    first, second, third = (
        read_checkpoint(str(folder / 'iter_2.pth'))['state_dict']
        for folder in (tmp_path / 'stage_1', tmp_path / 'stage_2', tmp_path))
    for name in ('decode_head.conv_seg.weight', 'decode_head.conv_seg.bias'):
        weights = [each[f'student.{name}'] for each in (first, second, third)]
        assert torch.equal(weights[0], weights[1])
        assert torch.equal(weights[1], weights[2])
