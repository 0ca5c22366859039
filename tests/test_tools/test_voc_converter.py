"""Labels of Pascal VOC and SBD, on tiny data in the real folders."""
import json
import os
import shutil
import signal
import time
from multiprocessing import get_context

import numpy as np
import pytest
from fake_ssl import save_mat, write_voc2012
from helpers import load_tool
from PIL import Image
from scipy.io import loadmat

SOURCE = 'VOCtrainval_11-May-2012.tar'


@pytest.fixture
def tool():
    return load_tool('dataset_converters/voc_aug.py')


@pytest.fixture
def root(tmp_path):
    write_voc2012(tmp_path / 'VOC2012')
    return tmp_path / 'VOC2012'


def run(tool, root, *options):
    tool.main([str(root), '--allow-partial', *options])


def read(path):
    return np.asarray(Image.open(path))


def snapshot(root):
    return {
        path.relative_to(root): path.read_bytes()
        for path in root.rglob('*')
        if path.is_file() and not path.name.startswith('.')
    }


def test_labels_of_voc_are_preferred(tool, root):
    run(tool, root)
    names = [path.stem for path in (root / 'JPEGImages').iterdir()]
    assert len(names) == 6
    for name in names:
        label = root / 'SegmentationClassAug' / f'{name}.png'
        voc = root / 'SegmentationClass' / f'{name}.png'
        if voc.is_file():
            expected = read(voc)
            assert 255 in expected
        else:
            expected = loadmat(
                root / f'benchmark_RELEASE/dataset/cls/{name}.mat',
                simplify_cells=True)['GTcls']['Segmentation']
        np.testing.assert_array_equal(read(label), expected)
        assert Image.open(label).mode == 'P'


def test_list_and_statistics_cover_the_training_images(tool, root):
    run(tool, root)
    names = (root / 'splits/train_aug.txt').read_text().split()
    assert names == [f'2007_{index:06d}' for index in range(4)]
    stats = json.loads((root / 'class_stats_train.json').read_text())
    assert list(stats['pixels']) == names and len(stats['classes']) == 21
    label = read(root / f'SegmentationClassAug/{names[1]}.png')
    assert stats['pixels'][names[1]] == {
        str(index): (label == index).sum() for index in np.unique(label)
    }


def test_the_numbers_of_images_are_checked(tool, root, monkeypatch):
    assert tool.COUNTS == dict(train=10582, val=1449)
    with pytest.raises(SystemExit, match=f'4 of 10582 .*{SOURCE}.*partial'):
        tool.main([str(root)])
    monkeypatch.setattr(tool, 'COUNTS', dict(train=4, val=2))
    tool.main([str(root)])
    (root / 'JPEGImages/2007_000005.jpg').unlink()
    with pytest.raises(SystemExit, match='val: 1 of 2 '):
        tool.main([str(root)])


def test_sbd_can_be_in_another_folder(tool, root, tmp_path):
    (root / 'benchmark_RELEASE').rename(tmp_path / 'sbd')
    run(tool, root)  # only the images labeled by VOC, 2 + 2
    assert len(list((root / 'SegmentationClassAug').iterdir())) == 4
    run(tool, root, '--sbd', str(tmp_path / 'sbd'))
    assert len(list((root / 'SegmentationClassAug').iterdir())) == 6


def test_missing_lists_and_labels_are_named(tool, root):
    (root / 'ImageSets/Segmentation/val.txt').unlink()
    with pytest.raises(SystemExit, match=f'val.txt is missing.*{SOURCE}'):
        run(tool, root)
    (root / 'ImageSets/Segmentation/val.txt').write_text('')
    for path in (root / 'JPEGImages').iterdir():
        path.unlink()
    with pytest.raises(SystemExit, match='No image in .* has a label'):
        run(tool, root)


@pytest.mark.parametrize('length', [-12, 150, 0])
def test_a_damaged_matlab_file_is_named(tool, root, length):
    path = root / 'benchmark_RELEASE/dataset/cls/2007_000001.mat'
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(SystemExit, match=f'{path.name} cannot be read.*SBD'):
        run(tool, root)


def test_wrong_ids_and_sizes_are_named(tool, root):
    path = root / 'benchmark_RELEASE/dataset/cls/2007_000001.mat'
    save_mat(path, np.full((72, 128), 22, np.uint8))
    with pytest.raises(SystemExit, match=f'{path.name} .* ids up to 22'):
        run(tool, root)
    save_mat(path, np.zeros((8, 8), np.uint8))
    with pytest.raises(SystemExit, match=f'128, 72.*{path.name} has .8, 8'):
        run(tool, root)


def convert_slowly(tool, root):
    """Convert, and hang while the third label is written."""
    save, calls = Image.Image.save, []

    def slow_save(self, path, **options):
        calls.append(path)
        save(self, path, **options)
        if len(calls) == 3:  # written, but not yet renamed
            time.sleep(600)

    Image.Image.save = slow_save
    run(tool, root, '--workers', '1')


def test_a_killed_run_is_continued(tool, root, tmp_path):
    # Copied, since SciPy writes the current time to its files.
    shutil.copytree(root, tmp_path / 'expected')
    run(tool, tmp_path / 'expected')
    process = get_context('fork').Process(
        target=convert_slowly, args=(tool, root))
    process.start()
    labels = root / 'SegmentationClassAug'
    for _ in range(600):
        if any(labels.glob('.2007_000002*')):
            break
        time.sleep(.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert len(list(labels.glob('[!.]*'))) == 2
    assert not (root / 'class_stats_train.json').exists()
    run(tool, root)
    assert snapshot(root) == snapshot(tmp_path / 'expected')
