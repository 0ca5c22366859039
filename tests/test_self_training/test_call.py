"""One call: task, runs, scores, predictions; interrupted and continued."""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers import REPOSITORY
from PIL import Image
from test_self_training.conftest import CLASSES, arguments

import mmseg_fst
from mmseg_fst.self_training import SelfTrainError
from mmseg_fst.self_training import call as call_module
from mmseg_fst.self_training.bars import ProgressHook
from mmseg_fst.self_training.errors import as_exception, in_python


def test_the_scores_are_the_files_of_the_runs(finished):
    result = finished.result
    assert result.classes == tuple(CLASSES) and result.method == 'fst'
    for run, scores in ((result.paths.supervised, result.scores.supervised),
                        (result.paths.self_trained,
                         result.scores.self_trained)):
        content = json.loads((run / 'results.json').read_text())
        values = {int(key): metrics['student/mIoU']
                  for key, metrics in content['iterations'].items()}
        assert scores.last == values[4]
        assert scores.best == max(values.values())
        assert values[scores.best_iteration] == scores.best
        assert set(scores.best_by_class) == set(CLASSES)
        assert np.nanmean(list(scores.best_by_class.values())
                          ) == pytest.approx(scores.best, abs=.01)
        # The best checkpoint was tested, and has the same score.
        test = json.loads((run / 'test/test.json').read_text())
        assert test['metrics']['student/mIoU'] == pytest.approx(scores.best)
        assert list((run / 'test/pictures').iterdir())
    assert result.scores.teacher.network == 'teacher'
    assert result.scores.test is None
    assert result.scores.gain['best'] == pytest.approx(
        result.scores.self_trained.best - result.scores.supervised.best,
        abs=.01)
    assert set(result.scores.gain_by_class) == set(CLASSES)


def test_all_files_are_below_out(finished):
    out = finished.root / 'out'
    new = set(finished.root.rglob('*')) - finished.before
    assert all(path == out or out in path.parents for path in new)
    for name, path in vars(finished.result.paths).items():
        assert path.exists(), name
        assert path == out or out in path.parents
    survey = finished.result.paths.survey.read_text()
    assert 'road' in survey and 'fst.py: 1700, about ' in survey
    assert 'Iter(train)' in finished.result.paths.log.read_text()
    assert 'fst' in finished.result.paths.report.read_text()


def test_predictions(finished):
    path = finished.root / 'photos/7.png'
    array = np.asarray(Image.open(path))
    label = finished.result.predict(path)
    assert label.shape == (48, 64) and label.dtype == np.uint8
    several = finished.result.predict(
        [str(path), array, Image.fromarray(array)])
    for other in several:
        np.testing.assert_array_equal(other, label)
    prediction = finished.result.predict(array, probabilities=True)
    assert prediction.probabilities.shape == (3, 48, 64)
    np.testing.assert_allclose(prediction.probabilities.sum(0), 1, rtol=1e-4)
    np.testing.assert_array_equal(prediction.label, label)
    both = [finished.result.predict(array, True, stage)[1]
            for stage in ('supervised', 'self_trained')]
    assert not np.allclose(*both)


def test_images_of_pillow_are_turned_like_their_files(finished, tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # a quarter turn
    path = tmp_path / 'turned.png'
    Image.open(finished.root / 'photos/7.png').save(path, exif=exif)
    label = finished.result.predict(path)
    assert label.shape == (64, 48)
    np.testing.assert_array_equal(
        finished.result.predict(Image.open(path).convert('RGBA')), label)


def test_wrong_predictions_are_refused(finished):
    with pytest.raises(SelfTrainError, match='missing.png'):
        finished.result.predict('missing.png')
    with pytest.raises(SelfTrainError, match=r'shape \(4, 4, 5\)'):
        finished.result.predict(np.zeros((4, 4, 5), np.uint8))
    with pytest.raises(SelfTrainError, match="stage='teacher'"):
        finished.result.predict(np.zeros((4, 4, 3), np.uint8),
                                stage='teacher')


def test_images_of_predictions(finished):
    image = finished.result.overlay(finished.root / 'photos/7.png')
    assert image.size == (64, 48) and image.mode == 'RGB'
    assert finished.result.legend().mode == 'RGB'


def test_the_result_is_shown_as_a_table(finished):
    text, page = repr(finished.result), finished.result._repr_html_()
    for shown in (text, page):
        for name in ('mean', *CLASSES, 'supervised', 'debug run'):
            assert name in shown
        assert f'{finished.result.scores.self_trained.best:.1f}' in shown
    assert page.count('<tr>') == 5


def test_a_result_is_opened_again_elsewhere(finished, tmp_path):
    shutil.copytree(finished.root / 'out', tmp_path / 'moved')
    result = mmseg_fst.load_result(tmp_path / 'moved')
    assert result.scores == finished.result.scores
    assert result.paths.checkpoint.is_relative_to(tmp_path / 'moved')
    image = np.zeros((48, 64, 3), np.uint8)
    np.testing.assert_array_equal(result.predict(image),
                                  finished.result.predict(image))


def test_a_finished_call_returns_at_once(finished, monkeypatch):
    for name in ('create_task', 'train_once', 'score', 'write_report'):
        monkeypatch.setattr(call_module, name, None)  # cannot be called
    monkeypatch.chdir(finished.root)  # relative paths are the same call
    result = mmseg_fst.self_train(**arguments(Path('.'), workers=1))
    assert result.scores == finished.result.scores


@pytest.mark.parametrize('change, message', [
    (dict(method='unimatch_v2'), "`method` was 'fst', now 'unimatch_v2'"),
    (dict(seed=3, classes=['a', 'b', 'c']), '`seed` was 0, now 3'),
    (dict(unlabeled=['1.png']), '`unlabeled` was'),
])
def test_another_call_in_the_same_folder_is_refused(
        finished, change, message):
    with pytest.raises(SelfTrainError) as caught:
        mmseg_fst.self_train(**arguments(finished.root, **change))
    assert message in str(caught.value)
    assert 'Choose another `out`' in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize('name, iteration', [('supervised', 1), ('fst', 3)])
def test_an_interrupted_call_continues(finished, monkeypatch, name,
                                       iteration):
    """It ends like the same call without interruption."""
    out = finished.root / f'interrupted_{name}'
    changed = arguments(finished.root, out=out)
    after = ProgressHook.after_train_iter

    def interrupt(hook, runner, *args, **kwargs):
        after(hook, runner, *args, **kwargs)
        if f'/{name}/' in runner.work_dir and runner.iter + 1 == iteration:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ProgressHook, 'after_train_iter', interrupt)
        with pytest.raises(KeyboardInterrupt):
            mmseg_fst.self_train(**changed)
    with pytest.raises(SelfTrainError, match='is not finished'):
        mmseg_fst.load_result(out)
    first = {path: path.stat().st_mtime_ns
             for path in (out / 'runs/supervised').rglob('*.pth')}
    task = (out / 'configs/fst.py').stat().st_mtime_ns
    result = mmseg_fst.self_train(**changed)
    assert (out / 'configs/fst.py').stat().st_mtime_ns == task
    if name == 'fst':
        assert first and all(path.stat().st_mtime_ns == time
                             for path, time in first.items())
        assert 'Going on from' in result.paths.log.read_text()
    assert result.scores == finished.result.scores
    weights = [torch.load(each.paths.self_trained / 'iter_4.pth',
                          weights_only=False)['state_dict']
               for each in (result, finished.result)]
    assert weights[0].keys() == weights[1].keys()
    assert all(torch.equal(weights[0][key], weights[1][key])
               for key in weights[0])


@pytest.mark.slow
def test_lists_lengths_and_a_test_split(data, capsys):
    result = mmseg_fst.self_train(**arguments(
        data, debug=False, long_side=64, unlabeled=['4'], training=['0', '1'],
        validation=['2'], test=['3.png'], iterations=(60, 20),
        method='mean_teacher', progress=True,
        options={'optim_wrapper.optimizer.lr': 1e-5,  # random weights
                 **{f'{split}_dataloader.{key}': value
                    for split in ('train', 'val', 'test')
                    for key, value in dict(
                        num_workers=0, persistent_workers=False).items()}}))
    assert result.scores.supervised.best_iteration in (50, 60)
    assert result.scores.self_trained.best_iteration == 20
    for stage in ('supervised', 'self_trained'):
        test = result.scores.test[stage]
        assert set(test) == {'mean', *CLASSES}
    assert not result.debug
    assert '1 labeled' not in repr(result)
    error = capsys.readouterr().err
    assert '2 labeled, 1 unlabeled and 1 validation images' in error
    for title in ('supervised: 100%', 'mean_teacher: 100%',
                  'test and report: 100%'):
        assert title in error
    assert 'mIoU' in error and 'Iter(train)' not in error


def wrong(data, **changes):
    """The message of a call."""
    with pytest.raises(SelfTrainError) as caught:
        mmseg_fst.self_train(**arguments(data, **changes))
    return str(caught.value)


def test_bad_arguments_are_named(data):
    assert "choose one of 'continued', 'mean_teacher', 'fst'" in wrong(
        data, method='fts')
    assert 'There are no pretrained weights' in wrong(data, weights='no.pth')
    assert 'at least 60' in wrong(data, iterations=10)
    assert 'positive integer' in wrong(data, iterations='many')
    assert '`holdout`' in wrong(data, holdout=2)
    assert 'is inside of the folder' in wrong(data, out=data / 'photos/out')


def test_folders_without_common_names_are_refused(data):
    for path in (data / 'mine/labels').iterdir():
        path.rename(path.with_name(f'mask_{path.name}'))
    message = wrong(data)
    assert 'has no mask' in message and '12 problems' in message
    assert '`skip_bad`' in message and '--' not in message
    # Then arguments may change: nothing was trained.
    message = wrong(data, masks='labels/{name}.tif')
    assert 'labels/{name}.tif' in message


def test_missing_data_is_named(data):
    assert 'no folder' in wrong(data, labeled=data / 'other')
    assert 'img/{name}.*' in wrong(data, images='img/{name}.*')
    assert 'No mask shows bus' in wrong(data, classes=[*CLASSES, 'bus'])
    assert '`classes`' in wrong(data, classes=None)
    assert 'names are not images' in wrong(data, training=['77'])


def test_a_folder_of_other_files_is_refused(data):
    assert 'not written, such as images' in wrong(data, out=data / 'mine')
    (data / 'file').write_text('')
    assert 'is a file' in wrong(data, out=data / 'file')
    with pytest.raises(SelfTrainError, match='not a folder of self_train'):
        mmseg_fst.load_result(data / 'mine')


def test_a_wrong_option_is_named(finished):
    """Errors of a run are messages, too; the traceback is their cause."""
    message = wrong(finished.root, out=finished.root / 'wrong_option',
                    method_options={'custom_hooks.0.dept': 3})
    assert 'dept' in message


@pytest.mark.parametrize('text, expected', [
    ('Add --classes FILE.', 'Add `classes` FILE.'),
    ('--nearest 44 accepts', '`nearest` 44 accepts'),
    ('with --skip-bad.', 'with `skip_bad`.'),
    ('--cfg-options load_from=a', '`options` load_from=a'),
    ('continue with --resume', 'continue with --resume')])
def test_options_in_messages_are_arguments(text, expected):
    names = ('classes', 'nearest', 'skip_bad', 'options')
    assert in_python(text, names) == expected


def test_bugs_keep_their_traceback():
    with pytest.raises(RuntimeError):
        with as_exception(()):
            raise RuntimeError('a bug')
    with pytest.raises(SelfTrainError, match='a value') as caught:
        with as_exception(()):
            raise ValueError('a value')
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.slow
def test_the_package_does_not_import_it():
    code = ('import sys, mmseg_fst; '
            'assert "mmseg_fst.self_training" not in sys.modules; '
            'assert "self_train" in dir(mmseg_fst)')
    subprocess.run([sys.executable, '-c', code], cwd=REPOSITORY, check=True)
    with pytest.raises(AttributeError, match='self_tarin'):
        mmseg_fst.self_tarin
