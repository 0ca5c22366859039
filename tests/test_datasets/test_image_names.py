"""Names of images: equal ones in two folders, and unusual ones."""
import json
import sys

import numpy as np
import pytest
from helpers import load_tool, save_pair

from mmseg_fst.datasets.image_names import counts_of, image_names
from mmseg_fst.datasets.packed import LoadPacked
from mmseg_fst.datasets.packing import Pack
from mmseg_fst.datasets.scan import name_problems, scan_side
from mmseg_fst.datasets.sides import build_side
from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.file_patterns import walk_files
from mmseg_fst.utils.files import read_lines, save_lines

UNUSUAL = ['foto 1', 'straße #2', 'a.b.c', 'x=y;z,1', "it's 100%"]
PIPELINE = [dict(type='LoadWholeImage'), dict(type='LoadAnnotations'),
            dict(type='PackSegInputs')]
META = dict(classes=('road', 'sky', 'car'), palette=[[0] * 3] * 3)


def write(root, names, ending='.png', num_classes=3):
    rng = np.random.default_rng(0)
    for name in names:
        save_pair(rng, root / f'images/{name}{ending}',
                  root / f'labels/{name}.png', num_classes=num_classes)


def folder_cfg(root, **options):
    return dict(
        type='BaseSegDataset', metainfo=META, data_root=str(root),
        img_suffix='.png', seg_map_suffix='.png', serialize_data=False,
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        pipeline=PIPELINE, **options)


def test_folders_belong_to_a_name(tmp_path):
    write(tmp_path, ['paris/0', 'rome/0', '1'])
    side = build_side('labeled', folder_cfg(tmp_path))
    assert sorted(image_names(side)) == ['1', 'paris/0', 'rome/0']


def test_two_data_sets_with_one_name_are_refused(tmp_path):
    for city in ('paris', 'rome'):
        write(tmp_path / city, ['0'])
    side = build_side('labeled', dict(type='ConcatDataset', datasets=[
        folder_cfg(tmp_path / city) for city in ('paris', 'rome')]))
    with pytest.raises(ValueError, match="paris.*and.*rome.* both '0'"):
        image_names(side)


@pytest.mark.parametrize('keys', [
    ['paris/0', 'rome/1'], ['0', '1'], ['train/paris/0', 'train/rome/1']])
def test_images_are_found_in_statistics(keys):
    pixels = {key: {str(i): 5} for i, key in enumerate(keys)}
    found = counts_of(['rome/1', 'paris/0', 'rome/1'], pixels, 'a.json')
    assert found == [{'1': 5}, {'0': 5}, {'1': 5}]


@pytest.mark.parametrize('names, keys, text', [
    (['paris/0', 'rome/0'], ['0'], 'paris/0 and rome/0'),
    (['0'], ['paris/0', 'rome/0'], 'paris/0 and rome/0'),
    (['paris/1'], ['paris/0'], "a.json knows no image 'paris/1'"),
    (['rome/0'], ['paris/0'], "a.json knows no image 'rome/0'"),
])
def test_images_that_cannot_be_told_apart_are_refused(names, keys, text):
    with pytest.raises(ValueError, match=text):
        counts_of(names, dict.fromkeys(keys, {}), 'a.json')


def test_statistics_count_both_of_one_file_name(tmp_path, monkeypatch):
    write(tmp_path, ['paris/0', 'rome/0'])
    side = folder_cfg(tmp_path)
    (tmp_path / 'config.py').write_text(
        "default_scope = 'mmseg_fst'\nmodel = dict(type='EncoderDecoder')\n"
        "train_dataloader = dict(batch_size=1, dataset=dict("
        f"type='PairedDataset', sides=dict(labeled={side})))\n")
    tool, out = load_tool('class_stats.py'), tmp_path / 'stats.json'
    monkeypatch.setattr(sys, 'argv', [
        'class_stats.py', str(tmp_path / 'config.py'), '--out', str(out)])
    tool.main()
    assert sorted(json.loads(out.read_text())['pixels']) == [
        'paris/0', 'rome/0']
    write(tmp_path, ['rome/0'], num_classes=9)
    with pytest.raises(ValueError, match='rome/0.png holds the label ids'):
        tool.main()


@pytest.mark.parametrize('kind', ['folder', 'list', 'pairs'])
def test_unusual_names_are_read_and_packed(tmp_path, kind):
    write(tmp_path, UNUSUAL)
    cfg = folder_cfg(tmp_path)
    if kind != 'folder':
        cfg['ann_file'] = 'list.txt'
        save_lines(tmp_path / 'list.txt', UNUSUAL if kind == 'list' else [
            f'{name}.png\t{name}.png' for name in UNUSUAL])
    if kind == 'pairs':
        cfg['type'] = 'ListedDataset'
        del cfg['img_suffix'], cfg['seg_map_suffix']
    side = build_side('labeled', cfg)
    assert sorted(image_names(side)) == sorted(UNUSUAL)
    found = scan_side('labeled', side)
    assert all(item.pixels is not None for item in found.items)
    pack = Pack('labeled', side, PIPELINE, str(tmp_path / 'packed'))
    item = side[4]
    pack.write()
    pack.install()
    assert isinstance(side.pipeline.transforms[0], LoadPacked)
    assert (side[4]['inputs'] == item['inputs']).all()


def test_lists_of_other_editors_are_read(tmp_path):
    path = tmp_path / 'list.txt'
    path.write_bytes('\ufeffa b.png\ta b.png\r\n\r\nc.png\tc.png'.encode())
    assert read_lines(path) == ['a b.png\ta b.png', 'c.png\tc.png']
    path.write_bytes(b'stra\xdfe')
    with pytest.raises(ValueError, match='list.txt is not a text in UTF-8'):
        read_lines(path)


def test_endings_in_capitals_are_not_left_out_silently(tmp_path):
    write(tmp_path, ['0', '1'])
    write(tmp_path, ['2'], '.PNG')
    problem, = name_problems(build_side('labeled', folder_cfg(tmp_path)))
    assert '1 images, first 2.PNG, are left out' in problem
    photos = DATASETS.build(dict(
        type='UnlabeledFolderDataset', data_root=str(tmp_path),
        data_prefix=dict(img_path='images'), serialize_data=False))
    assert len(photos) == 3 and not name_problems(photos)


def test_hidden_files_and_folders_are_skipped(tmp_path):
    for name in ('a', '._a', '.ipynb_checkpoints/a', '__MACOSX/b', 'c/d'):
        path = tmp_path / f'{name}.png'
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert walk_files(tmp_path) == ['a.png', 'c/d.png']


def test_links_are_followed_and_never_in_circles(tmp_path):
    (tmp_path / 'photos/b').mkdir(parents=True)
    (tmp_path / 'photos/a.png').touch()
    (tmp_path / 'photos/b/c.png').touch()
    (tmp_path / 'photos/b/up').symlink_to(tmp_path / 'photos')
    (tmp_path / 'photos/first').symlink_to(tmp_path / 'photos/b')
    (tmp_path / 'photos/d.png').symlink_to(tmp_path / 'photos/a.png')
    assert walk_files(tmp_path / 'photos') == [
        'a.png', 'b/c.png', 'd.png', 'first/c.png']


@pytest.mark.parametrize('name', [b'stra\xdfe.png', b'two\nlines.png'])
def test_names_that_no_list_holds_are_refused(tmp_path, name):
    open(bytes(tmp_path) + b'/' + name, 'w').close()
    with pytest.raises(ValueError, match='file name .* Rename the file'):
        walk_files(tmp_path)
