"""Predictions of folders and videos."""
import csv
import json
import os
import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_run import META, make_run
from helpers import REPOSITORY, image_of, random_label
from PIL import Image

from mmseg_fst.apis import (
    find_sources,
    load_model,
    predict,
    predict_files,
)
from mmseg_fst.use.predict import Predictor

SIZE = (32, 64)
FRAMES = 3


def photo(seed):
    rng = np.random.default_rng(seed)
    return image_of(rng, random_label(rng, SIZE))


@pytest.fixture(scope='module')
def run(tmp_path_factory):
    return make_run(tmp_path_factory.mktemp('runs') / 'plain')


@pytest.fixture
def model(run):
    return load_model(str(run), 'cpu')


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / 'photos'
    (folder / 'sub').mkdir(parents=True)
    for seed, name in enumerate(('a.png', 'b.jpg', 'sub/c.png')):
        Image.fromarray(photo(seed)).save(folder / name)
    return folder


@pytest.fixture
def video(tmp_path):
    path = tmp_path / 'v.avi'
    video = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 5,
                            SIZE[::-1])
    for seed in range(FRAMES):
        video.write(photo(seed))
    video.release()
    return path


def written(folder):
    return {
        str(path.relative_to(folder))
        for path in Path(folder).rglob('*') if path.is_file()
    }


def act(model, source, folder, **options):
    return predict_files(model, find_sources(str(source)), str(folder),
                         **options)


def counted(monkeypatch, broken_at=None):
    """Count predictions; the one of that number is broken off."""
    calls, whole = [], Predictor.rows

    def rows(*args, **kwargs):
        calls.append(args)
        if len(calls) == broken_at:
            raise KeyboardInterrupt
        return whole(*args, **kwargs)

    monkeypatch.setattr(Predictor, 'rows', rows)
    return calls


def test_all_outputs_of_a_folder(model, photos, tmp_path):
    out = tmp_path / 'out'
    report = act(model, photos, out,
                 save=('labels', 'overlays', 'probabilities'), opacity=.25)
    assert report == (3, 0, {})
    assert written(out) == {'predict.json', 'legend.png'} | {
        f'{kind}/{name}{ending}' for name in ('a', 'b', 'sub/c')
        for kind, ending in (('labels', '.png'), ('overlays', '.jpg'),
                             ('probabilities', '.npy'))
    }
    prediction, = predict(model, photo(0), with_probabilities=True)
    label = Image.open(out / 'labels' / 'a.png')
    assert (np.asarray(label) == prediction.label).all()
    assert label.getpalette()[:6] == sum(META['palette'][:2], [])
    probabilities = np.load(out / 'probabilities' / 'a.npy')
    np.testing.assert_allclose(
        probabilities, prediction.probabilities, atol=1e-3)
    colors = np.array(META['palette'])[prediction.label]
    overlay = np.asarray(Image.open(out / 'overlays' / 'a.jpg')).astype(float)
    expected = .75 * photo(0) + .25 * colors
    # A JPEG loses some.
    assert (abs(overlay - expected).mean() <
            abs(overlay - photo(0)).mean() / 2)
    content = json.loads((out / 'predict.json').read_text())
    assert content['classes'] == META['classes']
    assert content['network'] == 'student'
    assert content['tiling']['scale'] == 1 and not content['whole']
    assert content['tiling']['overlap'] == [
        size - stride for size, stride in zip(
            content['tiling']['size'], content['tiling']['stride'])]


def test_a_folder_goes_on_where_it_was_broken_off(model, photos, tmp_path,
                                                  monkeypatch):
    out = tmp_path / 'out'
    with monkeypatch.context() as patch:
        counted(patch, broken_at=3)
        with pytest.raises(KeyboardInterrupt):
            act(model, photos, out)
    assert (out / 'labels' / 'b.png').is_file()
    calls = counted(monkeypatch)
    assert act(model, photos, out) == (1, 2, {})
    assert len(calls) == 1
    (out / 'overlays' / 'a.jpg').unlink()
    assert act(model, photos, out) == (1, 2, {})
    assert len(calls) == 1  # painted from the label
    assert act(model, photos, out, save=['probabilities']) == (3, 0, {})
    assert act(model, photos, out, save=['probabilities']) == (0, 3, {})


def test_predictions_of_two_kinds_do_not_mix(run, model, photos, tmp_path):
    act(model, photos, tmp_path / 'out', save=['labels'])
    teacher = load_model(str(run), 'cpu', 'teacher')
    with pytest.raises(ValueError, match="network='student', now .*'teacher'"):
        act(teacher, photos, tmp_path / 'out')
    with pytest.raises(ValueError, match='flip=False'):
        act(model, photos, tmp_path / 'out', flip=True)


def test_predictions_of_two_trainings_do_not_mix(tmp_path, photos):
    run = make_run(tmp_path / 'run')
    act(load_model(str(run), 'cpu'), photos, tmp_path / 'out')
    os.utime(run / 'iter_4.pth', (0, 0))
    with pytest.raises(ValueError, match='made with checkpoint_of='):
        act(load_model(str(run), 'cpu'), photos, tmp_path / 'out')


@pytest.mark.parametrize('error, reason', [
    (ValueError('no such size'), 'a.png: no such size'),
    (RuntimeError('no memory'), 'a.png: RuntimeError: no memory')])
def test_an_image_that_cannot_be_predicted_stops_nobody(
        model, photos, tmp_path, monkeypatch, error, reason):
    whole = Predictor.rows

    def rows(self, image, *args):
        if (image[..., ::-1] == photo(0)).all():
            raise error
        return whole(self, image, *args)

    monkeypatch.setattr(Predictor, 'rows', rows)
    report = act(model, photos, tmp_path / 'out')
    assert report.written == 2
    assert report.failed.popitem()[1].endswith(reason)


def test_a_damaged_file_stops_nobody(model, photos, tmp_path):
    content = (photos / 'a.png').read_bytes()
    (photos / 'a.png').write_bytes(content[:len(content) // 2])
    report = act(model, photos, tmp_path / 'out', save=['labels'])
    assert report.written == 2
    path, reason = report.failed.popitem()
    assert path == str(photos / 'a.png') and 'truncated' in reason


def test_a_video_goes_on_where_it_was_broken_off(model, video, tmp_path,
                                                 monkeypatch):
    out = tmp_path / 'out'
    with monkeypatch.context() as patch:
        counted(patch, broken_at=3)
        with pytest.raises(KeyboardInterrupt):
            act(model, video, out)
    assert written(out) == {
        'predict.json', 'legend.png', 'areas.csv', 'labels/v/000000.png',
        'labels/v/000001.png'}
    calls = counted(monkeypatch)
    assert act(model, video, out) == (1, 0, {})
    assert len(calls) == 1
    overlay = cv2.VideoCapture(str(out / 'overlays' / 'v.mp4'))
    assert overlay.get(cv2.CAP_PROP_FRAME_COUNT) == FRAMES
    assert overlay.get(cv2.CAP_PROP_FPS) == 5
    assert overlay.read()[1].shape == (*SIZE, 3)
    assert act(model, video, out) == (0, 1, {})


def test_a_file_that_is_no_video(model, tmp_path):
    path = tmp_path / 'v.mp4'
    path.write_bytes(b'nothing')
    report = act(model, path, tmp_path / 'out')
    assert 'cannot be read as a video' in report.failed[str(path)]


@pytest.mark.parametrize('options, reason', [
    (dict(save=['labels', 'logits']), 'labels, overlays, areas'),
    (dict(save=[]), 'labels, overlays, areas'),
    (dict(opacity=2.), r'must be in \[0, 1\]')
])
def test_other_options_are_refused(model, photos, tmp_path, options, reason):
    with pytest.raises(ValueError, match=reason):
        act(model, photos, tmp_path / 'out', **options)
    assert not (tmp_path / 'out').exists()


def test_the_command_line(run, photos, tmp_path, monkeypatch, capsys):
    out = photos / 'out'  # its images are not predicted again
    words = ['predict.py', run, photos, '--out', out, '--network', 'teacher',
             '--windows', 32, 32, '--scales', 1, .5, '--device', 'cpu']
    monkeypatch.setattr('sys.argv', list(map(str, words)))
    for line in (
            'Predicted: 3 files, 0 more existed already',
            'Predicted: 0 files, 3 more existed already'):
        runpy.run_path(
            str(REPOSITORY / 'tools' / 'predict.py'), run_name='__main__')
        output = capsys.readouterr().out
        assert line in output and '\nTiles:    images: of more' in output
    content = json.loads((out / 'predict.json').read_text())
    assert content['network'] == 'teacher' and content['scales'] == [1, .5]
    assert content['protocol'].startswith('sliding windows 32')
    (photos / 'a.png').write_bytes(b'')
    (out / 'labels' / 'a.png').unlink()
    with pytest.raises(SystemExit) as error:
        runpy.run_path(
            str(REPOSITORY / 'tools' / 'predict.py'), run_name='__main__')
    assert '1 failed' in str(error.value) and 'a.png' in str(error.value)


def areas_of(folder):
    with open(folder / 'areas.csv', newline='') as file:
        return list(csv.DictReader(file))


def test_areas_of_classes(model, photos, tmp_path):
    out = tmp_path / 'out'
    act(model, photos / 'a.png', out)
    act(model, photos, out)
    rows = areas_of(out)
    assert [row['image'] for row in rows] == ['a'] * 11 + ['b'] * 11 + [
        'sub/c'] * 11
    label = np.asarray(Image.open(out / 'labels' / 'sub' / 'c.png'))
    for index, row in enumerate(rows[22:]):
        assert row['class'] == META['classes'][index]
        assert int(row['pixels']) == (label == index).sum()
        assert float(row['share']) == pytest.approx(
            (label == index).mean(), abs=1e-6)
    (out / 'areas.csv').unlink()  # counted again from the labels
    assert act(model, photos, out) == (0, 3, {})
    assert areas_of(out) == rows


def test_probabilities_as_images(model, photos, tmp_path):
    out = tmp_path / 'out'
    source = photos / 'a.png'
    assert act(model, source, out, save=['probability-images']) == (1, 0, {})
    assert not (out / 'probabilities').exists()
    expected = predict(model, photo(0), with_probabilities=True)[0]
    for index in (0, 10):
        image = Image.open(
            out / f'probability_images/a/{index}_class_{index}.png')
        np.testing.assert_allclose(
            np.asarray(image) / 255, expected.probabilities[index], atol=.003)
    assert act(model, source, out, save=['probability-images']) == (0, 1, {})


def test_the_georeference_of_an_image_is_kept(model, tmp_path, capfd):
    rasterio = pytest.importorskip('rasterio')
    from rasterio.transform import from_origin
    source = tmp_path / 'field 1.TIF'
    place = dict(crs='EPSG:32632', transform=from_origin(5e5, 5e6, .1, .1))
    with rasterio.open(source, 'w', driver='GTiff', height=SIZE[0],
                       width=SIZE[1], count=3, dtype='uint8', **place) as file:
        file.write(photo(0).transpose(2, 0, 1))
    Image.fromarray(photo(1)).save(tmp_path / 'plain.tif')
    out = tmp_path / 'out'
    assert act(model, tmp_path, out, save=['labels']) == (2, 0, {})
    with rasterio.open(out / 'labels' / 'field 1.tif') as file:
        assert file.crs == place['crs'] and file.transform == (
            place['transform'])
        label = file.read(1)
        assert file.colormap(1)[3][:3] == tuple(META['palette'][3])
    assert (label == np.asarray(
        Image.open(out / 'labels' / 'field 1.png'))).all()
    assert not (out / 'labels' / 'plain.tif').exists()
    assert 'TIFF' not in capfd.readouterr().err


def test_odd_file_names(model, tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    odd = os.fsdecode(b'stra\xdfe.png')  # not UTF-8
    for name in ('a.png', 'a.PNG', 'foto \u00fc.JPG', odd):
        Image.fromarray(photo(0)).save(folder / name)
    out = tmp_path / 'out'
    assert act(model, folder, out) == (4, 0, {})
    for kind, ending in (('labels', '.png'), ('overlays', '.jpg')):
        assert {path.name for path in (out / kind).iterdir()} == {
            f'{name}{ending}' for name in (
                'a.png', 'a.PNG', 'foto \u00fc', odd[:-4])}
    assert act(model, folder, out) == (0, 4, {})


def test_a_name_may_be_that_of_another_file_with_a_suffix(model, tmp_path):
    folder = tmp_path / 'photos'
    folder.mkdir()
    for name in ('a.jpg', 'a.png', 'a.jpg.png'):
        Image.fromarray(photo(0)).save(folder / name)
    assert act(model, folder, tmp_path / 'out') == (3, 0, {})
