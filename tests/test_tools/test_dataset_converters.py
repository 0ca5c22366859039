"""Converters to the 19 train ids, on tiny data in the real layout."""
import json
import os
import shutil
import signal
import time
from multiprocessing import get_context

import cv2
import numpy as np
import pytest
from fake_data import (
    MAKERS,
    make_acdc,
    make_cityscapes,
    make_gta,
    make_mapillary,
    make_synthia,
    save_gray,
    save_synthia,
)
from helpers import load_tool
from mmseg.datasets import CityscapesDataset, MapillaryDataset_v1
from PIL import Image

from mmseg_fst.datasets.known_data import KNOWN_DATA, list_files
from mmseg_fst.prepare import conversion as conversion_module

CLASSES = CityscapesDataset.METAINFO['classes']
CONVERTERS = dict(
    gta='GTA',
    synthia='SYNTHIA',
    cityscapes='CITYSCAPES',
    mapillary='MAPILLARY')
# Names of the ids of Cityscapes and GTA, 0 to 33 and -1 or 34.
CITYSCAPES_IDS = (
    'unlabeled', 'ego vehicle', 'rectification border', 'out of roi',
    'static', 'dynamic', 'ground', 'road', 'sidewalk', 'parking',
    'rail track', 'building', 'wall', 'fence', 'guard rail', 'bridge',
    'tunnel', 'pole', 'polegroup', 'traffic light', 'traffic sign',
    'vegetation', 'terrain', 'sky', 'person', 'rider', 'car', 'truck', 'bus',
    'caravan', 'trailer', 'train', 'motorcycle', 'bicycle', 'license plate')
# From the README of SYNTHIA-RAND-CITYSCAPES.
SYNTHIA_IDS = (
    'void', 'sky', 'building', 'road', 'sidewalk', 'fence', 'vegetation',
    'pole', 'car', 'traffic sign', 'person', 'bicycle', 'motorcycle',
    'parking slot', 'road work', 'traffic light', 'terrain', 'rider', 'truck',
    'bus', 'train', 'wall', 'lane marking')
# Classes of Mapillary with other names. The remaining classes have the same
# name or are ignored.
MAPILLARY_NAMES = {
    'Lane Marking - General': 'road',
    'Manhole': 'road',
    'Curb': 'sidewalk',
    'Utility Pole': 'pole',
    'Traffic Sign (Front)': 'traffic sign',
    'Bicyclist': 'rider',
    'Motorcyclist': 'rider',
    'Other Rider': 'rider',
    'On Rails': 'train',
}


def names_of_ids(name):
    """Return the Cityscapes class of each id of a data set, if any."""
    if name == 'synthia':
        return SYNTHIA_IDS
    if name == 'mapillary':
        return [MAPILLARY_NAMES.get(name, name.lower())
                for name in MapillaryDataset_v1.METAINFO['classes']]
    return CITYSCAPES_IDS[:34 + (name == 'gta')]


def tool_of(name):
    return load_tool(f'dataset_converters/{name}.py')


def run(name, root, *arguments):
    tool_of(name).main([str(root), '--allow-partial', *arguments])


def labels_of(name, root):
    """Return source and converted path of every label."""
    return [
        tuple(root / files.folder / f'{label}{files.suffix}'
              for files in (split.labels, split.converted))
        for split in KNOWN_DATA[name].splits
        for label in list_files(root, split.labels)
    ]


def snapshot(root):
    return {
        path.relative_to(root): path.read_bytes()
        for path in sorted(root.rglob('*')) if path.is_file()
    }


@pytest.fixture(params=CONVERTERS)
def name(request):
    return request.param


@pytest.fixture
def root(name, tmp_path):
    return MAKERS[name](tmp_path / name)


def test_ids_agree_with_an_independent_table(name):
    conversion = getattr(tool_of(name), CONVERTERS[name])
    names = names_of_ids(name)
    assert conversion.num_ids == len(names)
    expected = {index: CLASSES.index(class_name)
                for index, class_name in enumerate(names)
                if class_name in CLASSES}
    assert dict(conversion.train_ids) == expected
    assert set(expected.values()) == set(range(19))


def test_labels_are_converted_pixel_by_pixel(name, root):
    conversion = getattr(tool_of(name), CONVERTERS[name])
    pairs = labels_of(name, root)
    assert len(pairs) >= 4
    for source, target in pairs:
        if name == 'synthia':
            ids = cv2.imread(str(source), cv2.IMREAD_UNCHANGED)[..., 2]
        else:
            ids = np.asarray(Image.open(source))
        label = Image.open(target)
        assert label.mode == 'P'  # shown in the colors of Cityscapes
        label = np.asarray(label)
        assert label.shape == ids.shape
        for index, train_id in zip(ids.ravel().tolist(),
                                   label.ravel().tolist()):
            assert train_id == conversion.train_ids.get(index, 255)


def test_class_statistics_count_the_training_labels(name, root):
    stats = json.loads((root / 'class_stats_train.json').read_text())
    assert stats['classes'] == list(CLASSES)
    split = KNOWN_DATA[name].splits[0]
    images = list_files(root, split.images)
    # The keys are image names, as rare-class sampling expects.
    suffix = split.images.suffix.rsplit('.', 1)[0]
    assert list(stats['pixels']) == [
        os.path.basename(image) + suffix for image in images
    ]
    for image, counts in zip(images, stats['pixels'].values()):
        label = np.asarray(
            Image.open(root / split.converted.folder /
                       f'{image}{split.converted.suffix}'))
        assert {int(key): value for key, value in counts.items()} == {
            key: (label == key).sum() for key in set(label.ravel()) - {255}
        }


def test_only_wrong_files_are_written_again(name, root, monkeypatch):
    before, written = snapshot(root), []
    save = conversion_module.save_label
    monkeypatch.setattr(
        conversion_module, 'save_label', lambda path, *rest, **options:
        written.append(path) or save(path, *rest, **options))
    run(name, root)
    assert not written and snapshot(root) == before
    # A wrong and a truncated file are written again.
    (_, wrong), (_, truncated) = labels_of(name, root)[:2]
    save_gray(wrong, np.zeros((72, 128), np.uint8))
    truncated.write_bytes(truncated.read_bytes()[:-30])
    run(name, root)
    assert sorted(written) == [wrong, truncated]
    assert snapshot(root) == before


def convert_slowly(root):
    """Convert GTA, and hang while a file is written."""
    save, calls = Image.Image.save, []

    def slow_save(self, path, **options):
        calls.append(path)
        save(self, path, **options)
        if len(calls) == 3:  # written, but not yet renamed
            time.sleep(600)

    Image.Image.save = slow_save
    run('gta', root, '--workers', '1')


def test_a_killed_run_is_continued(tmp_path):
    expected = make_gta(tmp_path / 'expected', count=6)
    root = make_gta(tmp_path / 'gta', count=6)
    for _, target in labels_of('gta', root):
        target.unlink()
    (root / 'class_stats_train.json').unlink()
    process = get_context('fork').Process(target=convert_slowly, args=(root, ))
    process.start()
    labels = root / 'labels'
    for _ in range(600):
        if any(labels.glob('.00003*')):
            break
        time.sleep(.05)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert sorted(path.name for path in labels.glob('[!.]*TrainIds.png')) == [
        '00001_labelTrainIds.png', '00002_labelTrainIds.png'
    ]
    assert not (root / 'class_stats_train.json').exists()
    run('gta', root)
    left = {path: content for path, content in snapshot(root).items()
            if not path.name.startswith('.')}
    assert left == snapshot(expected)
    assert len(list_files(root, KNOWN_DATA['gta'].splits[0].converted)) == 6


def test_a_label_of_another_size_is_resized_and_named(tmp_path, capsys):
    """The release resizes image and label separately."""
    root = make_gta(tmp_path / 'gta')
    ids = np.full((36, 64), 26, np.uint8)
    ids[:, 32:] = 7
    save_gray(root / 'labels' / '00003.png', ids)
    capsys.readouterr()
    run('gta', root)
    assert '1 labels had another size' in (out := capsys.readouterr().out)
    assert '00003.png' in out
    label = np.asarray(Image.open(root / 'labels/00003_labelTrainIds.png'))
    assert label.shape == (72, 128)
    assert (label[:, :64] == 13).all() and (label[:, 64:] == 0).all()
    stats = json.loads((root / 'class_stats_train.json').read_text())
    assert stats['pixels']['00003'] == {'0': 72 * 64, '13': 72 * 64}


def test_another_size_is_an_error_except_for_gta(tmp_path):
    root = make_mapillary(tmp_path / 'mapillary')
    path, _ = labels_of('mapillary', root)[0]
    save_gray(path, np.zeros((8, 8), np.uint8))
    with pytest.raises(SystemExit, match=f'size .128, 72.*{path.name} has'):
        run('mapillary', root)


def test_an_unknown_id_is_named_with_its_file(name, root):
    path, _ = labels_of(name, root)[1]
    unknown = getattr(tool_of(name), CONVERTERS[name]).num_ids
    save = save_synthia if name == 'synthia' else save_gray
    save(path, np.full((72, 128), unknown, np.uint8))
    with pytest.raises(
            SystemExit,
            match=f'{path.name} .* ids up to {unknown}, .*0..{unknown - 1}'):
        run(name, root)


def test_labels_with_wrong_channels_are_refused(name, root):
    path, _ = labels_of(name, root)[0]
    if name == 'synthia':  # one channel, as written by other tools
        save_gray(path, np.zeros((72, 128), np.uint8))
    else:  # colors
        Image.new('RGB', (128, 72)).save(path)
    with pytest.raises(SystemExit, match=f'{path.name} .*shape .*Get '):
        run(name, root)


def test_a_truncated_label_is_named(name, root):
    path, _ = labels_of(name, root)[0]
    content = path.read_bytes()
    for length in (len(content) - 12, len(content) // 2, 0):
        path.write_bytes(content[:length])
        with pytest.raises(SystemExit, match=f'{path.name} cannot be read'):
            run(name, root)
    path.write_bytes(content)
    run(name, root)


def test_a_damaged_image_is_named(tmp_path):
    root = make_gta(tmp_path / 'gta')
    (root / 'images' / '00002.png').write_bytes(b'no image')
    with pytest.raises(SystemExit, match='images/00002.png cannot be read'):
        run('gta', root)


def test_a_missing_folder_names_the_download(name, tmp_path):
    with pytest.raises(SystemExit, match='There is no folder .*Get .* https?'):
        tool_of(name).main([str(tmp_path / 'none')])


def test_an_incomplete_data_set_needs_allow_partial(tmp_path):
    root = make_gta(tmp_path / 'gta')
    with pytest.raises(SystemExit,
                       match='4 of 24966 images .*--allow-partial'):
        tool_of('gta').main([str(root)])
    # Images without a label and labels without an image are left out.
    (root / 'labels' / '00001.png').unlink()
    (root / 'images' / '00004.png').unlink()
    run('gta', root)
    stats = json.loads((root / 'class_stats_train.json').read_text())
    assert list(stats['pixels']) == ['00002', '00003']
    with pytest.raises(SystemExit, match='No image in .* Get SYNTHIA'):
        run('synthia', root)


def test_without_training_images_the_statistics_are_unchanged(tmp_path):
    root = make_cityscapes(tmp_path / 'cityscapes')
    stats = (root / 'class_stats_train.json').read_bytes()
    shutil.rmtree(root / 'leftImg8bit' / 'train')
    run('cityscapes', root)
    assert (root / 'class_stats_train.json').read_bytes() == stats


def test_a_complete_data_set_needs_no_option(tmp_path, monkeypatch):
    root = make_synthia(tmp_path / 'synthia')
    data = KNOWN_DATA['synthia']
    monkeypatch.setitem(
        KNOWN_DATA, 'synthia',
        data._replace(splits=(data.splits[0]._replace(count=4), )))
    tool_of('synthia').main([str(root)])


def test_a_split_without_labels_cannot_be_converted(tmp_path):
    split = KNOWN_DATA['synthia'].splits[0]._replace(labels=None)
    with pytest.raises(ValueError, match='no labels to convert'):
        conversion_module.find_labels(tmp_path, split, True, '')


def test_acdc_is_linked_by_split(tmp_path):
    root = make_acdc(tmp_path / 'acdc', train=8)
    images = list_files(root, KNOWN_DATA['acdc'].splits[0].images)
    labels = list_files(root, KNOWN_DATA['acdc'].splits[0].labels)
    assert images == labels and len(images) == 8
    assert {image.split('_')[1] for image in images} == {
        'fog', 'night', 'rain', 'snow'}
    # Links survive a move of the folder, and broken links are replaced.
    moved = root.rename(tmp_path / 'moved')
    link = moved / 'gt' / 'train' / f'{labels[0]}_gt_labelTrainIds.png'
    assert link.is_symlink() and link.is_file()
    link.unlink()
    link.symlink_to('nowhere')
    run('acdc', moved)
    assert link.is_file()
    with pytest.raises(SystemExit, match='8 of 1600 .*--allow-partial'):
        tool_of('acdc').main([str(moved)])
    with pytest.raises(SystemExit, match='no folder .*rgb_anon. Get '):
        run('acdc', tmp_path)
