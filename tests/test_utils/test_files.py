"""Tests of mmseg_fst/utils/files.py."""
import json
import threading
import time

import numpy as np
import pytest
from PIL import Image

from mmseg_fst.utils.files import (
    atomic_write,
    count_pixels,
    is_whole,
    parallel_map,
    read_image,
    read_label,
    save_class_stats,
    save_label,
    save_lines,
    summarize_split,
)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_atomic_write_replaces_and_makes_folders(tmp_path):
    path = tmp_path / 'new' / 'a.txt'
    for text in ('first', 'second'):
        with atomic_write(path) as temporary:
            assert temporary.parent == path.parent
            assert temporary.suffix == path.suffix
            temporary.write_text(text)
        assert path.read_text() == text
    assert names(path.parent) == ['a.txt']


def test_atomic_write_keeps_the_old_file_on_error(tmp_path):
    path = tmp_path / 'a.txt'
    path.write_text('old')
    with pytest.raises(KeyboardInterrupt), atomic_write(path) as temporary:
        temporary.write_text('half')
        raise KeyboardInterrupt
    assert path.read_text() == 'old'
    assert names(tmp_path) == ['a.txt']


def test_atomic_write_leaves_nothing_if_nothing_was_written(tmp_path):
    with pytest.raises(ZeroDivisionError), atomic_write(tmp_path / 'a.txt'):
        raise ZeroDivisionError
    assert names(tmp_path) == []


def test_save_lines(tmp_path):
    save_lines(tmp_path / 'train.txt', ['b', 'a'])
    assert (tmp_path / 'train.txt').read_text() == 'b\na\n'
    save_lines(tmp_path / 'val.txt', [])
    assert (tmp_path / 'val.txt').read_text() == ''


def test_save_label_keeps_ids_and_shows_the_palette(tmp_path):
    label = np.array([[0, 1, 255], [1, 0, 255]], np.uint8)
    save_label(tmp_path / 'a.png', label, [[1, 2, 3], [40, 50, 60]])
    image = Image.open(tmp_path / 'a.png')
    assert image.mode == 'P'
    np.testing.assert_array_equal(np.asarray(image), label)
    colors = np.asarray(image.convert('RGB'))
    np.testing.assert_array_equal(
        colors[0], [[1, 2, 3], [40, 50, 60], [0, 0, 0]])


@pytest.mark.parametrize('optimize', [True, False])
def test_read_label_reads_what_was_saved(tmp_path, optimize):
    label = np.random.default_rng(0).integers(0, 19, (30, 40), np.uint8)
    save_label(tmp_path / 'a.png', label, [[1, 2, 3]] * 19, optimize)
    np.testing.assert_array_equal(read_label(tmp_path / 'a.png', ''), label)


def test_broken_and_missing_images_end_with_the_hint(tmp_path):
    path = tmp_path / 'a.png'
    with pytest.raises(FileNotFoundError, match='a.png is missing. Get it'):
        read_image(path, 'Get it')
    save_label(path, np.zeros((9, 9), np.uint8), [[0, 0, 0]])
    content = path.read_bytes()
    assert is_whole(content) and not is_whole(content[:-12])
    damaged = content.replace(b'IDAT', b'IDAT\0\0\0\0')
    for broken in (content[:-12], damaged, b'no image', b''):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match='a.png cannot be read .*Get it'):
            read_image(path, 'Get it')


@pytest.mark.parametrize('workers', [0, 1, 4])
def test_parallel_map_keeps_the_order(workers):
    assert parallel_map(lambda x: x * x, range(20), workers) == [
        x * x for x in range(20)
    ]


def test_parallel_map_uses_threads():
    # Passes only if two items are under way at once.
    barrier = threading.Barrier(2, timeout=10)
    assert sorted(parallel_map(lambda _: barrier.wait(), [0, 0], 2)) == [0, 1]


def test_parallel_map_stops_at_the_first_error():
    done = []

    def work(item):
        if item == 3:
            raise ValueError('item 3')
        time.sleep(.002)
        done.append(item)

    with pytest.raises(ValueError, match='item 3'):
        parallel_map(work, range(1000), 1)
    assert len(done) < 1000 - 1


@pytest.mark.parametrize('dtype', [np.uint8, np.int64])
def test_count_pixels_leaves_out_ignore_and_absent_classes(dtype):
    label = np.array([[0, 2, 2], [255, 3, 2]], dtype)
    counts = count_pixels(label, 3)
    assert counts == {'0': 1, '2': 3}
    assert json.loads(json.dumps(counts)) == counts


def test_save_class_stats(tmp_path):
    path = tmp_path / 'class_stats_train.json'
    pixels = {'b': {'0': 5}, 'a': {'1': 7}}
    save_class_stats(path, ('road', 'sky'), pixels)
    content = json.loads(path.read_text())
    assert content == dict(classes=['road', 'sky'], pixels=pixels)
    assert list(content['pixels']) == ['b', 'a']


def test_summarize_split():
    summary = summarize_split(['road', 'sky', 'car'], [{
        '0': 6
    }, {
        '0': 1,
        '1': 1
    }], 10)
    assert summary == dict(
        n=2,
        pixels=dict(road=7, sky=1, car=0, ignore=2),
        percent_of_labeled=dict(road=87.5, sky=12.5, car=0.),
        frames_with_class=dict(road=2, sky=1, car=0))


def test_summarize_split_without_labels():
    summary = summarize_split(['road'], [{}], 4)
    assert summary['pixels'] == dict(road=0, ignore=4)
    assert summary['percent_of_labeled'] == dict(road=0.)
