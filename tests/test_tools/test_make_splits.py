"""Sampling labeled and unlabeled lists."""
import json
import re

import numpy as np
import pytest
from helpers import load_tool

from mmseg_fst.utils.files import (
    read_lines,
    save_class_stats,
    save_lines,
)

CLASSES = [f'class {index}' for index in range(8)]


@pytest.fixture
def tool():
    return load_tool('make_splits.py')


@pytest.fixture
def images(tmp_path):
    """100 images; class 7 is in two of them, class i in 1 of 2^i."""
    names = [f'city/photo_{index:03d}' for index in range(100)]
    rng = np.random.default_rng(0)
    pixels = {}
    for index, name in enumerate(names):
        shown = rng.random(7) < .5**np.arange(7)
        classes = [*np.flatnonzero(shown).tolist(), *([7] * (index < 2))]
        pixels[name.split('/')[1]] = {str(label): 9 for label in classes}
    save_class_stats(tmp_path / 'stats.json', CLASSES, pixels)
    save_lines(tmp_path / 'train.txt', names)
    return tmp_path / 'train.txt'


def run(tool, images, out, *options):
    tool.main([str(images), str(out), *options])
    return {
        int(folder.name): [
            (folder / f'{side}.txt').read_text().split()
            for side in ('labeled', 'unlabeled')
        ] for folder in out.iterdir()
    }


def strata(images):
    return ('--stratified', '--stats', str(images.with_name('stats.json')))


@pytest.mark.parametrize('kind', ['random', 'stratified'])
def test_parts_are_nested_disjoint_and_complete(tool, images, tmp_path, kind):
    options = strata(images) if kind == 'stratified' else ()
    parts = run(tool, images, tmp_path / 'out', '--parts', '1/4', '7', '1/8',
                '1/16', *options)
    assert sorted(parts) == [7, 13, 25]  # 1/16 is also 7
    everything, smaller = set(images.read_text().split()), set()
    for count in sorted(parts):
        labeled, unlabeled = map(set, parts[count])
        assert len(labeled) == len(parts[count][0]) == count
        assert smaller <= labeled and not labeled & unlabeled
        assert labeled | unlabeled == everything
        smaller = labeled


@pytest.mark.parametrize('kind', ['random', 'stratified'])
def test_the_seed_determines_the_sample(tool, images, tmp_path, kind):
    options = strata(images) if kind == 'stratified' else ()
    first = run(tool, images, tmp_path / 'first', *options)
    save_lines(images, reversed(images.read_text().split()))
    assert run(tool, images, tmp_path / 'again', *options) == first
    other = run(tool, images, tmp_path / 'other', '--seed', '1', *options)
    assert other != first and sorted(other) == sorted(first)


def test_rare_classes_are_present_if_stratified(tool, images, tmp_path):
    pixels = json.loads(
        images.with_name('stats.json').read_text())['pixels']

    def images_by_class(names):
        return np.array([
            sum(str(index) in pixels[name.split('/')[1]] for name in names)
            for index in range(8)
        ])

    everything = images_by_class(images.read_text().split())
    without = 0
    for seed in map(str, range(5)):
        uniform, even = (
            images_by_class(run(
                tool, images, tmp_path / f'{seed}{len(options)}', '--seed',
                seed, '--parts', '8', '1/4', *options)[25][0])
            for options in ((), strata(images)))
        without += (uniform == 0).any()
        assert (even > 0).all()
        # Each class has at least a quarter of its images, rounded down.
        assert (even >= everything // 4).all()
    assert without > 0
    small = tmp_path / '03' / '8' / 'labeled.txt'
    assert (images_by_class(small.read_text().split()) > 0).all()


def test_the_table_describes_the_parts(tool, images, tmp_path, capsys):
    run(tool, images, tmp_path / 'out', '--parts', '1/4', *strata(images))
    output = capsys.readouterr().out
    assert '25.00%' in output and '75' in output
    assert '8/8' in output and re.search(r'class [567] \(1\)', output)
    run(tool, images, tmp_path / 'plain', '--parts', '1/4')
    assert 'classes' not in capsys.readouterr().out


def test_other_lists_are_not_overwritten(tool, images, tmp_path):
    out = tmp_path / 'out'
    before = run(tool, images, out, '--parts', '1/4')
    assert run(tool, images, out, '--parts', '1/4') == before  # the same
    with pytest.raises(SystemExit, match='25/labeled.txt lists other images'):
        run(tool, images, out, '--parts', '1/8', '1/4', '--seed', '1')
    assert [path.name for path in out.iterdir()] == ['25']


def test_images_are_found_in_a_folder(tool, tmp_path):
    for index in range(8):
        path = tmp_path / 'train' / 'aachen' / f'{index}_left.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    parts = run(tool, tmp_path / 'train', tmp_path / 'out', '--parts', '1/2',
                '--suffix', '_left.png')
    assert sorted(sum(parts[4], [])) == [f'aachen/{i}' for i in range(8)]


@pytest.mark.parametrize('part, message', [
    ('100', '100 of 100'), ('-1', '-1 of 100'), ('3/2', '150 of 100'),
    ('many', 'many')])
def test_an_impossible_part_is_refused(tool, images, tmp_path, part, message):
    with pytest.raises(SystemExit, match=message):
        run(tool, images, tmp_path / 'out', '--parts', part)


def test_without_labels_all_images_are_unlabeled(tool, images, tmp_path):
    tool.main([str(images), str(tmp_path / 'out'), '--parts', '0', '5'])
    assert not (tmp_path / 'out/0/labeled.txt').exists()
    assert len((tmp_path / 'out/0/unlabeled.txt').read_text().split()) == 100


def test_wrong_inputs_are_named(tool, images, tmp_path, capsys):
    with pytest.raises(SystemExit, match='none.txt must be a list'):
        run(tool, tmp_path / 'none.txt', tmp_path / 'out')
    with pytest.raises(SystemExit, match='none.json is missing'):
        run(tool, images, tmp_path / 'out', '--stats',
            str(tmp_path / 'none.json'))
    with pytest.raises(SystemExit):
        run(tool, images, tmp_path / 'out', '--stratified')
    assert 'needs --stats' in capsys.readouterr().err
    save_lines(images, ['city/photo_000', 'unknown'])
    with pytest.raises(SystemExit, match="no image 'unknown'"):
        run(tool, images, tmp_path / 'out', *strata(images))
    save_lines(images, ['a', 'b', 'a'])
    with pytest.raises(SystemExit, match='twice'):
        run(tool, images, tmp_path / 'out')


@pytest.mark.parametrize('kind', ['list', 'folder'])
def test_names_with_spaces_are_divided_by_lines(tool, tmp_path, kind):
    names = [f'foto {index} (1)' for index in range(4)]
    images = tmp_path / 'images'
    images.mkdir()
    for name in names:
        (images / f'{name}.jpg').touch()
    if kind == 'list':
        save_lines(tmp_path / 'list.txt', names)
        images = tmp_path / 'list.txt'
    for _ in range(2):  # the same lists again are not an error
        tool.main([str(images), str(tmp_path / 'out'), '--parts', '2'])
    found = [name for side in ('labeled', 'unlabeled')
             for name in read_lines(tmp_path / f'out/2/{side}.txt')]
    assert sorted(found) == names


def test_equal_file_names_have_their_own_statistics(tool, tmp_path):
    """Only the image of rome shows the second class."""
    names = [f'{city}/{i}' for city in ('paris', 'rome') for i in range(3)]
    save_class_stats(tmp_path / 'stats.json', CLASSES[:2], {
        f'images/{name}': {'0': 9, **({'1': 5} if name == 'rome/1' else {})}
        for name in names})
    save_lines(tmp_path / 'list.txt', names)
    parts = run(tool, tmp_path / 'list.txt', tmp_path / 'out', '--parts', '2',
                *strata(tmp_path / 'list.txt'))
    assert 'rome/1' in parts[2][0]
