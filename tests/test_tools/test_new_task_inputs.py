"""What users have: partly labeled folders, lists, polygons, large images."""
import json
import re
from pathlib import Path

import numpy as np
import pytest
import yaml
from helpers import image_of
from PIL import Image
from scipy.io import savemat

from mmseg_fst.apis import read_config
from mmseg_fst.commands import run_command
from mmseg_fst.registry import DATASETS

SIZE = (48, 64)


def label_of(index):
    """Two classes: a square on the background."""
    label = np.zeros(SIZE, np.uint8)
    top = 3 + 2 * index
    label[top:top + 20, 10:40] = 1
    return label


def write(path, array):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Eight images in ``mine``, of which five have a mask."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for index in range(8):
        write(tmp_path / f'mine/images/p {index}.png',
              image_of(rng, label_of(index)))
        if index < 5:
            write(tmp_path / f'mine/labels/p {index}.png', label_of(index))
    (tmp_path / 'classes.txt').write_text('free\ndefect\n')
    return tmp_path


@pytest.fixture
def start(folder):
    def run(*options, classes=True):
        run_command('new-task', [
            '--labeled', 'mine', '--workers', '1',
            *(['--classes', 'classes.txt'] if classes else []),
            *map(str, options)])
        return read_lists(folder)

    return run


def read_lists(folder):
    """Numbers of the images in each list of the task."""
    return {
        path.stem: sorted(
            int(re.search(r'p (\d)', line)[1])
            for line in path.read_text().splitlines())
        for path in (folder / 'data/mine').glob('*.txt')
    }


def refused(start, capsys, *options, **more):
    with pytest.raises(SystemExit) as caught:
        start(*options, **more)
    return capsys.readouterr().err + str(caught.value.code)


def load(cfg):
    """Load all labels of the configs; returns the validation labels."""
    data = DATASETS.build(cfg.train_dataloader.dataset)
    assert data[0]['labeled']['inputs'].shape[0] == 3
    val = DATASETS.build(cfg.val_dataloader.dataset)
    return {item['data_samples'].img_path:
            item['data_samples'].gt_sem_seg.data[0].numpy() for item in val}


def check_labels(expected=label_of):
    for path, found in load(read_config('configs/own/mine/fst.py')).items():
        index = int(re.search(r'p (\d)', path)[1])
        np.testing.assert_array_equal(found, expected(index))


def test_a_partly_labeled_folder(start):
    lists = start()
    assert lists['unlabeled'] == [5, 6, 7]
    assert sorted(lists['train'] + lists['val']) == [0, 1, 2, 3, 4]
    check_labels()


def test_unlabeled_images_of_the_labeled_folder_by_a_pattern(
        start, folder, capsys):
    for index in range(5, 8):
        path = folder / f'mine/images/p {index}.png'
        write(folder / f'mine/photos/p {index}.png',
              np.asarray(Image.open(path)))
    options = ('--unlabeled', 'mine', '--unlabeled-images')
    # A forgotten mask is a problem; an image of the pattern is not.
    assert '3 x image without a mask' in refused(
        start, capsys, *options, 'photos/{name}.*')
    lists = start(*options, 'images/{name}.png')
    assert lists['unlabeled'] == [5, 6, 7]
    assert sorted(lists['train'] + lists['val']) == [0, 1, 2, 3, 4]
    text = (folder / 'data/mine/unlabeled.txt').read_text()
    assert 'photos' not in text
    start(*options, 'photos/{name}.*', '--exclude', 'images/p [567].png',
          '--overwrite')
    text = (folder / 'data/mine/unlabeled.txt').read_text()
    assert text.count('photos/p') == 3 and 'images' not in text


@pytest.mark.parametrize('options', [(), ('--unlabeled', 'list.txt')])
def test_a_pattern_of_unlabeled_images_needs_a_folder(options, start, capsys):
    assert '--unlabeled-images needs --unlabeled DIR' in refused(
        start, capsys, *options, '--unlabeled-images', 'photos/{name}.*')


@pytest.mark.parametrize('options, excluded, root', [
    ((), (), 'mine'),
    (('--unlabeled', 'photos'), ('--exclude', '* [56].png'), 'photos')])
def test_unlabeled_files_of_another_format_are_mentioned(
        options, excluded, root, start, folder, capsys):
    for index in range(5):  # masks of a format that images cannot have
        path = folder / f'mine/labels/p {index}.png'
        Image.open(path).save(path.with_suffix('.gif'))
        path.unlink()
    (folder / 'photos/images').mkdir(parents=True)
    (folder / 'mine/images/p 7.png').rename(folder / 'photos/images/p 7.png')
    for name in ('p 8.HEIC', 'p 9.heic', 'notes.txt'):
        (folder / root / 'images' / name).touch()
    start(*options, *excluded)
    output = capsys.readouterr().out
    assert f'{root}: 2 files match' in output
    assert 'images/p 8.HEIC: .heic files are photos of HEIF' in output
    assert '.txt files' not in output and '.gif files' not in output


def test_a_bad_labeled_image_does_not_become_unlabeled(start, folder, capsys):
    """Neither itself, nor a copy of it."""
    write(folder / 'mine/labels/p 1.png', np.full(SIZE, 77, np.uint8))
    copy = folder / 'mine/images/p 1.png'
    (folder / 'mine/images/p 9.png').write_bytes(copy.read_bytes())
    lists = start('--skip-bad')
    assert lists['unlabeled'] == [5, 6, 7]
    assert 1 not in lists['train'] + lists['val']
    error = capsys.readouterr().err
    assert '1 x mask with ids that belong to no class' in error
    assert 'Left out: 1 of 9 files' in error


def test_problems_are_grouped_by_kind(start, folder, capsys):
    for index in range(4):
        write(folder / f'mine/labels/p {index}.png',
              np.full(SIZE, 77 + index, np.uint8))
    write(folder / 'mine/labels/p 4.png', np.zeros((9, 9), np.uint8))
    (folder / 'mine/images/p 7.png').write_text('no image')
    error = refused(start, capsys)
    first = error.index('4 x mask with ids that belong to no class')
    assert 'ids 77, in 3072 pixels' in error and '... and 1 more' in error
    assert first < error.index('1 x mask of another size than its image')
    assert '1 x file that cannot be read' in error
    assert '6 problems; nothing is written' in error


def test_a_taken_name_is_noticed_before_reading(start, folder, monkeypatch,
                                                capsys):
    (folder / 'data/mine').mkdir(parents=True)
    monkeypatch.setattr('mmseg_fst.prepare.task_sides.survey_pairs', None)
    assert 'data/mine exists already' in refused(start, capsys)


@pytest.mark.parametrize('options', [(), ('--nearest', 123)])
def test_masks_that_fade_to_an_ignored_id(start, folder, capsys, options):
    """The edges of an unlisted class 255 must not become another class."""
    for index in range(5):
        label = label_of(index) * 255
        label[0, :20] = np.arange(60, 80)
        write(folder / f'mine/labels/p {index}.png', label)
    assert "Write 'NAME = 255' and --nearest, or" in refused(
        start, capsys, *options)


@pytest.mark.parametrize('levels, options, words', [
    ((90, 90, 90, 90, 90), ('--nearest', 100), (
        '5 masks have values of no class, in 100 pixels',
        'up to a distance of 100 are accepted in every mask',
        'the largest distance of all masks is 90.')),
    ((100, 10, 20, 30, 40), ('--nearest', ), (
        'up to a distance of 127.5 are', 'of all masks is 100.',
        'It differs by mask, from 10 to 100: labels/p 0.png 100, '
        'labels/p 4.png 40, labels/p 3.png 30, ...'))])
def test_the_distance_of_nearest_is_stated(levels, options, words, start,
                                           folder, capsys):
    for index, level in enumerate(levels):
        label = label_of(index) * 255
        label[0, :20] = level
        write(folder / f'mine/labels/p {index}.png', label)
    (folder / 'classes.txt').write_text('free = 0\ndefect = 255\n')
    start(*options)
    output = capsys.readouterr().out
    assert all(text in output for text in words)
    assert ('differs by mask' in output) == (len(set(levels)) > 1)


def test_the_distance_that_accepts_all_masks_is_stated(start, folder, capsys):
    """That of the first problem may be too small for the others."""
    for index, level in enumerate((30, 60, 20, 50, 40)):
        label = label_of(index) * 200
        label[0, :20] = level
        write(folder / f'mine/labels/p {index}.png', label)
    (folder / 'classes.txt').write_text('free = 0\ndefect = 200\n')
    error = refused(start, capsys, '--nearest', 25)
    assert '4 x mask with ids' in error and 'at most 60 away' in error
    assert '--nearest 60 accepts all values of all 4 masks' in error
    assert '--nearest 3' not in error and '--nearest 5' not in error
    start('--nearest', 60)


@pytest.mark.parametrize('save, classes, options', [
    # Antialiased, as ranges and by the nearest value.
    (lambda path, soft, label: Image.fromarray(soft).save(path),
     'free = 0-127\ndefect = 128-255\n', ()),
    (lambda path, soft, label: Image.fromarray(soft).save(path),
     'free = 0\ndefect = 255\n', ('--nearest', )),
    (lambda path, soft, label: Image.fromarray(soft).save(
        path.with_suffix('.jpg'), quality=95),
     'free = 0\ndefect = 255\n', ('--nearest', )),
    (lambda path, soft, label: Image.fromarray(np.stack([soft] * 3, -1)).save(
        path.with_suffix('.jpg'), quality=95),
     'free = 0 0 0\ndefect = 255 255 255\n', ('--nearest', 230)),
    (lambda path, soft, label: Image.fromarray(label * 255).save(
        path.with_suffix('.gif')), 'free = 0\ndefect = 255\n', ()),
    (lambda path, soft, label: savemat(
        path.with_suffix('.mat'), dict(mask=label + 1)),
     'free = 1\ndefect = 2\n', ()),
])
def test_masks_of_other_formats(save, classes, options, start, folder):
    for index in range(5):
        path = folder / f'mine/labels/p {index}.png'
        path.unlink()
        label = label_of(index)
        soft = label * 255
        soft[label_of(index + 1) != label] //= 3
        save(path, soft, label_of(index))
    (folder / 'classes.txt').write_text(classes)
    start(*options)
    labels = load(read_config('configs/own/mine/fst.py'))
    for path, found in labels.items():
        index = int(re.search(r'p (\d)', path)[1])
        assert (found != label_of(index)).mean() < .05
        assert set(np.unique(found)) == {0, 1}


@pytest.mark.parametrize('ending, words', [
    ('.nii.gz', '.nii.gz files are volumes of medical imaging; save slices'),
    ('.dcm', '.dcm files are DICOM; convert to PNG with dcmj2pnm'),
    ('.svg', '.svg files are documents'), ('.h5', 'HDF5'),
    ('.xml', 'export masks or COCO JSON')])
def test_a_format_that_is_not_read_is_named(ending, words, start, folder,
                                            capsys):
    for path in (folder / 'mine/labels').iterdir():
        path.rename(path.with_suffix(ending))
    error = refused(start, capsys)
    assert '5 files match' in error and words in error
    assert 'No image' not in error


def test_a_few_files_of_another_format_are_not_overlooked(start, folder,
                                                          capsys):
    """Otherwise their images would be taken for unlabeled ones."""
    path = folder / 'mine/labels/p 0.png'
    path.rename(path.with_suffix('.nii'))
    assert '1 files match' in refused(start, capsys)
    assert start('--exclude', '*.nii')['unlabeled'] == [0, 5, 6, 7]


def test_images_can_be_excluded(start, folder):
    write(folder / 'mine/images/drafts/p 9.png', np.zeros((*SIZE, 3), 'u1'))
    lists = start('--exclude', 'drafts', '* 6.png')
    assert lists['unlabeled'] == [5, 7]


def test_lists_name_the_splits(start, folder):
    (folder / 'splits.yaml').write_text(yaml.safe_dump(dict(
        train=['p 0', 'p 1'], val=['p 2.png'], test=['images/p 3.png'])))
    (folder / 'more.csv').write_text('name,split\np 4,unlabeled\np 6,x\n'
                                     'p 7,unlabeled\n')
    lists = start('--training', 'splits.yaml', '--validation', 'splits.yaml',
                  '--test', 'splits.yaml', '--unlabeled', 'more.csv')
    # Image 4 has a mask, but the list asks for it.
    assert lists == dict(train=[0, 1], val=[2], test=[3], unlabeled=[4, 7])
    cfg = read_config('configs/own/mine/fst.py')
    assert cfg.test_dataloader.dataset.ann_file == 'test.txt'
    assert len(DATASETS.build(cfg.test_dataloader.dataset)) == 1


def test_labeled_images_in_no_list_are_mentioned(start, folder, capsys):
    (folder / 'train.txt').write_text('p 0\np 1\np 2\n')
    lists = start('--training', 'train.txt')
    assert lists['unlabeled'] == [5, 6, 7]
    assert len(lists['train'] + lists['val']) == 3
    assert '2 labeled images of mine are in no list' in capsys.readouterr().out


@pytest.mark.parametrize('name', ['names.unl', 'names'])
def test_a_list_may_have_any_extension(name, start, folder, capsys):
    """Labeled images that it names are not said to be unused."""
    (folder / 'train.part').write_text('p 0\np 1\np 2\n')
    (folder / name).write_text('p 4\np 5\n')
    lists = start('--training', 'train.part', '--unlabeled', name)
    assert lists['unlabeled'] == [4, 5]
    output = capsys.readouterr().out
    assert '1 labeled images of mine are in no list' in output
    assert 'such as images/p 3.png' in output
    (folder / name).write_text('p 3\np 4\n')
    start('--training', 'train.part', '--unlabeled', name, '--overwrite')
    assert 'in no list' not in capsys.readouterr().out


@pytest.mark.parametrize('option, words', [
    ('--training', 'There is no list names.unl'),
    ('--unlabeled', 'There is no folder names.unl')])
def test_a_list_of_another_extension_must_exist(option, words, start, capsys):
    assert words in refused(start, capsys, option, 'names.unl')


def test_a_list_that_is_not_text(start, capsys):
    message = refused(start, capsys, '--training', 'mine/images/p 0.png')
    assert 'p 0.png is not a list of images' in message
    assert '.csv or .tsv' in message and '.yaml, .yml or .json' in message


def test_a_folder_is_not_a_list(start, capsys):
    assert 'mine is a folder, not a list' in refused(
        start, capsys, '--training', 'mine')


def test_a_list_is_not_a_folder(folder, capsys):
    with pytest.raises(SystemExit, match='classes.txt is a file, not a fold'):
        run_command('new-task', ['--labeled', 'classes.txt', '--classes',
                                 'classes.txt'])


@pytest.mark.parametrize('absolute', [False, True])
def test_masks_beside_the_folder(absolute, start, folder):
    """Also an extension of the file itself is in the list."""
    (folder / 'mine/labels').rename(folder / 'masks')
    for path in (folder / 'masks').iterdir():
        path.rename(path.with_stem(f'{path.stem}_mask'))
    above = str(folder) if absolute else '..'
    lists = start('--masks', f'{above}/masks/{{name}}_mask.png')
    assert lists['unlabeled'] == [5, 6, 7]
    check_labels()


def test_masks_beside_the_folder_are_converted(start, folder):
    (folder / 'mine/labels').rename(folder / 'masks')
    (folder / 'classes.txt').write_text('defect = 1\nfree = 0\n')
    start('--masks', '../masks/{name}.png')
    check_labels(lambda index: 1 - label_of(index))


def test_images_must_be_in_the_folder(start, capsys):
    message = refused(start, capsys, '--images', '../photos/{name}.png')
    assert "'../photos/{name}.png' of --images leaves the folder mine" in (
        message)
    assert 'Name a folder that contains all images' in message


def test_a_redundant_part_of_a_pattern(start):
    lists = start('--images', './images/{name}.*', '--masks',
                  'images/../labels//{name}.png')
    assert lists['unlabeled'] == [5, 6, 7]


@pytest.mark.parametrize('train, val, words', [
    ('p 0\np 1', 'p 1', "1 images are in the lists of training and of "
     "validation, such as images/p 1.png"),
    ('p 0\np 1', 'p 8', 'val.txt: 1 names are not images of mine'),
    ('p 0\np 7', 'p 1', 'p 7.png has no mask'),
])
def test_wrong_lists_are_named(train, val, words, start, folder, capsys):
    (folder / 'train.txt').write_text(train)
    (folder / 'val.txt').write_text(val)
    assert words in refused(start, capsys, '--training', 'train.txt',
                            '--validation', 'val.txt')


def test_validation_and_test_folders_of_another_layout(start, folder):
    for part, index in (('val', 8), ('test', 9)):
        write(folder / f'{part}/p {index}.png',
              np.zeros((*SIZE, 3), np.uint8) + index)
        write(folder / f'{part}/p {index}_mask.png', label_of(index))
    options = [text for part in ('validation', 'test') for text in (
        f'--{part}-images', '{name}.png', f'--{part}-masks',
        '{name}_mask.png')]
    lists = start('--validation', 'val', '--test', 'test', '--exclude', 'x',
                  *options)
    assert lists == dict(train=[0, 1, 2, 3, 4], val=[8], test=[9],
                         unlabeled=[5, 6, 7])
    check_labels()


def write_coco(path, names):
    """The squares of the images as polygons."""
    polygons = []
    for index in range(len(names)):
        top = 3 + 2 * index
        polygons.append([10, top, 40, top, 40, top + 20, 10, top + 20])
    path.write_text(json.dumps(dict(
        images=[dict(id=index, file_name=name, height=SIZE[0], width=SIZE[1])
                for index, name in enumerate(names)],
        categories=[dict(id=3, name='scratch')],
        annotations=[
            dict(id=index + 1, image_id=index, category_id=3, iscrowd=0,
                 segmentation=[polygon])
            for index, polygon in enumerate(polygons[:5])
        ])))


def test_a_coco_file_needs_no_class_list(start, folder, capsys):
    pytest.importorskip('pycocotools')
    write_coco(folder / 'coco.json', [f'p {index}.png' for index in range(7)])
    lists = start('--masks', 'coco.json', classes=False)
    assert lists['unlabeled'] == [5, 6, 7]
    output = capsys.readouterr().out
    assert '2 images of coco.json have no annotation' in output
    assert read_config('configs/own/mine/fst.py').classes == (
        'background', 'scratch')
    check_labels()
    lists = start('--masks', 'coco.json', '--empty-is-background',
                  '--overwrite', classes=False)
    assert lists['unlabeled'] == [7]


def test_a_category_of_images_in_no_list(start, folder, capsys):
    """It would be a class without pixels."""
    pytest.importorskip('pycocotools')
    path = folder / 'coco.json'
    write_coco(path, [f'p {index}.png' for index in range(5)])
    content = json.loads(path.read_text())
    content['categories'].append(dict(id=4, name='dent'))
    content['annotations'][4]['category_id'] = 4
    path.write_text(json.dumps(content))
    (folder / 'train.txt').write_text('p 0\np 1\np 2\n')
    options = ('--masks', 'coco.json', '--training', 'train.txt')
    message = refused(start, capsys, *options, classes=False)
    assert 'The classes dent have no pixel' in message
    assert '--classes FILE: background, scratch.' in message
    (folder / 'classes.txt').write_text('background\nscratch\n')
    assert start(*options)['unlabeled'] == [5, 6, 7]


def test_a_coco_file_of_other_images(start, folder, capsys):
    pytest.importorskip('pycocotools')
    write_coco(folder / 'coco.json', ['q.png'])
    assert 'coco.json: 1 names are not images of mine, such as q.png' in (
        refused(start, capsys, '--masks', 'coco.json', classes=False))


def test_labelme_files_beside_the_images(start, folder):
    for index in range(5):
        top = 3 + 2 * index
        (folder / f'mine/images/p {index}.json').write_text(json.dumps(dict(
            shapes=[dict(label='defect', shape_type='rectangle',
                         points=[[10, top], [39, top + 19]])],
            imageHeight=SIZE[0], imageWidth=SIZE[1])))
    (folder / 'classes.txt').write_text('background\ndefect\n')
    lists = start('--masks', 'images/{name}.json')
    assert lists['unlabeled'] == [5, 6, 7]
    check_labels()


def test_masks_that_are_images_need_a_class_list(start, capsys):
    assert 'Add --classes FILE' in refused(start, capsys, classes=False)


def test_large_images_are_cut_into_tiles(start, folder, capsys):
    lists = start('--tile', 32, '--overlap', 4)
    assert 'Large images are cut into 48 tiles of 32 x 32' in (
        capsys.readouterr().out)
    # All tiles of an image are on one side.
    assert not set(lists['train']) & set(lists['val'])
    cfg = read_config('configs/own/mine/fst.py')
    assert cfg.train_dataloader.dataset.expected == dict(
        labeled=24, unlabeled=18)
    for path, found in load(cfg).items():
        index, top, left = map(int, re.search(
            r'p (\d)_y(\d+)_x(\d+)\.png', path).groups())
        np.testing.assert_array_equal(
            found, label_of(index)[top:top + 32, left:left + 32])
    masks = {path.name for path in Path('data/mine/labels').rglob('*.png')}
    assert 'p 0_y0_x0.png' in masks
    assert not [name for name in masks if name.count('.') > 1]


@pytest.mark.parametrize('options, words', [
    (('--tile', 8), '--tile must be 0 or at least 32'),
    (('--tile', 64, '--overlap', 64), '--overlap must be at least 0 and less'),
    (('--training', 'no.txt'), 'no list no.txt'),
])
def test_a_wrong_option_is_named(options, words, start, capsys):
    assert words in refused(start, capsys, *options)


def test_a_single_mosaic_is_divided(start, folder, capsys):
    """No pixel of the validation part is in training."""
    for index in range(1, 5):
        (folder / f'mine/labels/p {index}.png').unlink()
    start('--tile', 32, '--holdout', .4)
    output = capsys.readouterr().out
    assert 'its lower 40% is used for validation' in output
    assert 'also validation images' not in output
    rows = {
        name: {int(top) for top in re.findall(
            r'_y(\d+)_x', (folder / f'data/mine/{name}.txt').read_text())}
        for name in ('train', 'val')
    }
    assert rows == dict(train={0}, val={29})  # 29 rows, then 19
    for path, found in load(read_config('configs/own/mine/fst.py')).items():
        top, left = map(int, re.search(r'_y(\d+)_x(\d+)', path).groups())
        np.testing.assert_array_equal(
            found, label_of(0)[top:, left:left + 32])
    assert 'cannot be split' in refused(start, capsys, '--tile', 0,
                                        '--overwrite')


def test_a_mosaic_of_which_a_part_is_ignored(start, folder, capsys):
    for index in range(1, 5):
        (folder / f'mine/labels/p {index}.png').unlink()
    for rows in (slice(29, None), slice(29)):
        label = np.zeros(SIZE, np.uint8)
        label[:, 20:] = 1
        label[rows] = 255
        write(folder / 'mine/labels/p 0.png', label)
        assert 'shows no class. Name another image with --validation' in (
            refused(start, capsys, '--tile', 32, '--holdout', .4))


@pytest.mark.parametrize('part, other, words', [
    ('validation', None, 'Some training images are also validation images'),
    ('test', None, 'Some training images are also test images'),
    ('test', 'validation', 'Some validation images are also test images')])
def test_copies_between_labeled_sides_are_mentioned(
        part, other, words, start, folder, capsys):
    options = []
    for name, index in (('validation', 8), ('test', 9)):
        image = np.zeros((*SIZE, 3), np.uint8) + index
        if name == part:
            image = np.asarray(Image.open(
                folder / 'mine/images/p 0.png' if other is None
                else folder / f'{other}/images/p 8.png'))
        write(folder / f'{name}/images/p {index}.png', image)
        write(folder / f'{name}/labels/p {index}.png', label_of(0))
        options += [f'--{name}', name]
    start(*options)
    output = capsys.readouterr().out
    assert words in output and output.count('are also') == 1


def test_masks_of_another_size_are_resized_on_request(start, folder, capsys):
    for index in range(5):
        write(folder / f'mine/labels/p {index}.png',
              label_of(index).repeat(2, 0).repeat(2, 1))
    assert 'add --resize-masks' in refused(start, capsys)
    start('--resize-masks')
    check_labels()


def test_images_and_masks_of_one_ending_in_one_folder(start, folder):
    for path in (folder / 'mine/labels').iterdir():
        path.rename(folder / f'mine/images/{path.stem}_mask.png')
    lists = start('--images', 'images/{name}.png', '--masks',
                  'images/{name}_mask.png')
    assert lists['unlabeled'] == [5, 6, 7]
    check_labels()
