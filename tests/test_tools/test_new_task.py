"""A task made of two folders of a user."""
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import image_of
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from PIL import Image

from mmseg_fst.apis import (
    check_config,
    choose_view,
    load_config,
    read_config,
    read_grid,
)
from mmseg_fst.commands import run_command
from mmseg_fst.engine.named_scores import describe_data
from mmseg_fst.prepare.schedule import (
    COSTS,
    choose_schedules,
    describe_schedules,
)
from mmseg_fst.prepare.survey import widths_of
from mmseg_fst.prepare.view import describe_view
from mmseg_fst.registry import DATASETS, MODELS

NAMES = ('road', 'car', 'sky')
COLORS = np.array([[128, 64, 128], [0, 0, 142], [70, 130, 180], [0, 0, 0]],
                  np.uint8)
ENDINGS = ('jpg', 'png', 'tiff', 'JPEG')


def label_of(index, size):
    """Three bands of classes and an ignored strip, shifted by the index."""
    label = np.arange(size[0])[:, None] // 12 % 3 + np.zeros(size, int)
    label = np.roll(label, index, 0)
    label[:, -3:] = 3
    return label


def write_folder(root, save_mask, count=6):
    """Write images of mixed sizes and extensions, with masks if given."""
    rng = np.random.default_rng(count)
    for index in range(count):
        size = (48, 64) if index % 3 else (80, 56)
        label = label_of(index, size)
        ending = ENDINGS[index % len(ENDINGS)]
        folder = root if save_mask is None else root / 'images'
        image = folder / f'd{index % 2}' / f'{index}.{ending}'
        image.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image_of(rng, label)).save(image)
        if save_mask is not None:
            mask = root / 'labels' / f'd{index % 2}' / f'{index}.png'
            mask.parent.mkdir(parents=True, exist_ok=True)
            save_mask(label, mask)
    return root


def save_ids(label, path):
    Image.fromarray(np.where(label == 3, 255, label).astype(np.uint8)
                    ).save(path)


def save_other_ids(label, path):
    Image.fromarray((label * 1000 + 7).astype(np.uint16)).save(path)


def save_colors(label, path):
    Image.fromarray(COLORS[label]).save(path)


def save_gray_as_color(label, path):
    ids = np.where(label == 3, 255, label).astype(np.uint8)
    Image.fromarray(np.stack([ids] * 3, -1)).save(path)


KINDS = dict(
    ids=(save_ids, 'road\ncar\nsky\n'),
    other_ids=(save_other_ids,
               'road = 7\ncar = 1007\nsky = 2007\nignore = 3007\n'),
    colors=(save_colors, 'road = 128 64 128\ncar = 0 0 142\n'
            'sky = 70 130 180\nignore = 0 0 0\n'),
    gray_as_color=(save_gray_as_color, 'road\ncar\nsky\n'))


@pytest.fixture
def task(tmp_path, monkeypatch):
    """Return a function that writes the folders and starts the tool."""
    monkeypatch.chdir(tmp_path)

    def start(kind='ids', *options, make=True):
        save_mask, classes = KINDS[kind]
        if make:
            write_folder(tmp_path / 'mine', save_mask)
            write_folder(tmp_path / 'photos', None, 4)
            (tmp_path / 'classes.txt').write_text(classes)
        run_command('new-task', [
            '--labeled', 'mine', '--unlabeled', 'photos', '--classes',
            'classes.txt', *map(str, options)])

    return start


def written(root):
    """List the files that the tool has written."""
    return sorted(
        str(path.relative_to(root)) for folder in ('data', 'configs')
        for path in (root / folder).rglob('*') if path.is_file())


def refused(task, capsys, *arguments, **options):
    """Return the message of the tool when it stops."""
    with pytest.raises(SystemExit) as caught:
        task(*arguments, **options)
    assert caught.value.code not in (0, None)
    return capsys.readouterr().err + str(caught.value.code)


@pytest.mark.parametrize('kind', KINDS)
def test_two_folders_are_turned_into_a_task(task, kind, tmp_path, capsys):
    task(kind)
    output = capsys.readouterr().out
    assert 'sh train.sh configs/own/mine/supervised.py' in output
    assert 'download_checkpoints.sh mobilenetv2_100' in output
    files = ['data/mine/' + name for name in (
        'class_stats_train.json', 'task.json', 'train.txt', 'unlabeled.txt',
        'val.txt')]
    files += ['configs/own/mine/' + name for name in (
        'base.py', 'continued.py', 'data.py', 'fst.py', 'mean_teacher.py',
        'supervised.py', 'table_mine.py', 'task.json', 'unimatch_v2.py')]
    names = written(tmp_path)
    assert set(files) <= set(names)
    assert any('/labels/' in name for name in names) == (kind != 'ids')

    cfg = read_config('configs/own/mine/fst.py')
    assert cfg.model.segmentor.decode_head.num_classes == 3
    dataset = cfg.train_dataloader.dataset
    check_config(Config(dict(data=cfg.train_dataloader)))
    data = DATASETS.build(dataset)
    assert (data.lengths['labeled'], data.lengths['unlabeled']) == (5, 4)
    for index in range(4):
        item = data[index]
        assert item['labeled']['inputs'].shape[0] == 3
        assert 'gt_sem_seg' not in item['unlabeled']['data_samples']
        assert tuple(item['labeled']['inputs'].shape[1:]) <= cfg.crop_size

    # The labels are read back without any change.
    val = DATASETS.build(cfg.val_dataloader.dataset)
    assert len(val) == 1 and val.metainfo['classes'] == NAMES
    sample = val[0]['data_samples']
    index = int(sample.img_path.split('/')[-1][0])
    found = sample.gt_sem_seg.data[0].numpy()
    expected = label_of(index, found.shape)
    np.testing.assert_array_equal(found, np.where(expected == 3, 255,
                                                  expected))


def test_statistics_agree_with_the_masks(task, tmp_path, capsys):
    task('colors')
    stats = json.loads(
        (tmp_path / 'data/mine/class_stats_train.json').read_text())
    assert tuple(stats['classes']) == NAMES and len(stats['pixels']) == 5
    name, pixels = next(iter(stats['pixels'].items()))
    number = int(Path(name).name)
    size = (48, 64) if number % 3 else (80, 56)
    label = label_of(number, size)
    assert pixels == {str(i): int((label == i).sum()) for i in range(3)}
    assert ' 6 images' not in capsys.readouterr().out


def test_rare_classes_can_be_sampled_with_the_statistics(task):
    task('ids')
    cfg = read_config('configs/own/mine/fst.py')
    DATASETS.build(dict(
        cfg.train_dataloader.dataset,
        rare_class_sampling=dict(
            stats='data/mine/class_stats_train.json', min_pixels=10)))[0]


def test_a_validation_folder_and_another_domain(task, tmp_path):
    write_folder(tmp_path / 'val', save_ids, 3)
    task('ids', '--validation', 'val', '--adapt', '--name', 'other',
         '--long-side', 48)
    cfg = read_config('configs/own/other/fst.py')
    assert len(DATASETS.build(cfg.val_dataloader.dataset)) == 3
    assert len(DATASETS.build(cfg.train_dataloader.dataset.sides.labeled)) == 6
    assert cfg.model.mixer.type == 'ClassMix'
    assert cfg.image_scale[0] == 48 and cfg.crop_size == (32, 32)
    assert cfg.load_from == 'work_dirs/own/other/supervised/{run}'
    assert cfg.custom_hooks[0].type == 'FSTHook'


SCRATCH = {'model.segmentor.backbone.init_cfg': None}


@pytest.mark.parametrize('options', [(), ('--adapt', '--channels', 4)])
def test_all_configs_of_the_table_can_be_trained(task, tmp_path, options):
    """Each takes a step and moves the state of its pseudo-labels."""
    write_folder(tmp_path / 'mine', save_ids)
    write_folder(tmp_path / 'photos', None, 4)
    (tmp_path / 'classes.txt').write_text(KINDS['ids'][1])
    if options:
        rewrite(tmp_path, lambda image: np.dstack([image, image[..., 0]]))
    task('ids', *options, make=False)
    cells = read_grid('configs/own/mine/table_mine.py').cells
    assert [str(cell) for cell in cells] == [
        'mine/supervised', 'mine/continued', 'mine/mean_teacher', 'mine/fst',
        'mine/unimatch_v2']
    for cell in cells:
        cfg = load_config(cell.config, SCRATCH, debug=True)
        data = DATASETS.build(cfg.train_dataloader.dataset)
        batch = pseudo_collate([data[0], data[1]])
        model = MODELS.build(cfg.model).train()
        losses = model.loss(**model.data_preprocessor(batch, True))
        assert 'labeled.decode.loss_dice' in losses
        assert all(loss.isfinite() for loss in losses.values())
        model.commit()
        if model.teacher is not None:
            assert model.pseudo_labeler.confidence[:3].any()


def test_the_schedule_follows_the_number_of_labels():
    few, many = choose_schedules(5), choose_schedules(1000)
    assert few['supervised'].max_iters == 2000
    assert many['supervised'].max_iters == 4000
    assert choose_schedules(60)['supervised'].max_iters == 3000
    for name, cost in COSTS.items():
        assert many[name].max_iters % many[name].val_interval == 0
        if name != 'supervised':  # equal computation
            assert many[name].max_iters * cost == pytest.approx(8e3, rel=.03)
    assert describe_schedules(many, (256, 192))[1].startswith(
        '    supervised.py: 4000 at most, about ')


def lines_of(width, size=(120, 160)):
    """A vertical line of class 1, and the disc of class 2."""
    label = np.zeros(size, np.uint8)
    label[:100, 30:30 + width] = 1
    cv2.circle(label, (100, 60), 20, 2, -1)
    return label


@pytest.mark.parametrize('width', [1, 3, 9])
def test_widths_of_classes(width):
    widths = widths_of(lines_of(width), ['0', '1', '2'])
    assert widths['1'] == width
    assert 38 <= widths['2'] <= 42 < widths['0']
    assert widths_of(np.zeros((30, 50), np.uint8), '0') == {'0': 30.}


@pytest.mark.parametrize('width, long_side, scale, crop', [
    (80, None, (320, 240), (192, 256)),  # visible at the size for a CPU
    (12, None, (1000, 750), (256, 256)),  # crops instead of shrinking
    (1, None, (2048, 1536), (256, 256)),
    (1, 320, (320, 240), (192, 256)),
    (1, 1024, (1024, 768), (640, 864)),
])
def test_the_size_follows_from_the_thinnest_class(width, long_side, scale,
                                                  crop):
    view = choose_view([(1500, 2000)] * 3, long_side, width)
    assert (view.scale, view.crop) == (scale, crop)
    lines = describe_view(view, ['field', 'crack'], {'0': 90., '1': width})
    pixels = '1 pixel' if width == 1 else f'{width} pixels'
    assert lines[1].startswith(f'    crack: about {pixels} wide in the files')
    assert ('too thin' in lines[-1]) == (width == 1)


def test_small_files_are_enlarged_for_thin_classes():
    assert choose_view([(150, 200)], None, 5.).scale == (240, 180)
    assert choose_view([(150, 200)], None, 1.).scale == (300, 225)
    assert choose_view([(150, 200)], None, 9.).scale == (200, 150)


def test_the_seed_determines_the_validation_split(task, tmp_path):
    lists = []
    for seed in (0, 0, 1, 2):
        task('ids', '--seed', seed, '--overwrite')
        lists.append((tmp_path / 'data/mine/val.txt').read_text())
    assert lists[0] == lists[1] and len(set(lists)) > 1


def test_copies_and_masks_are_not_used_as_unlabeled(task, tmp_path, capsys):
    write_folder(tmp_path / 'mine', save_ids)
    shutil.copy(tmp_path / 'mine/images/d0/0.jpg', tmp_path / 'copy.jpg')
    write_folder(tmp_path / 'photos', None, 4)
    shutil.move(tmp_path / 'copy.jpg', tmp_path / 'photos')
    task('ids')
    assert 'Left out: 1 unlabeled image with a labeled copy.' in (
        capsys.readouterr().out)
    lines = (tmp_path / 'data/mine/unlabeled.txt').read_text()
    assert 'copy' not in lines and len(lines.splitlines()) == 4
    with pytest.raises(SystemExit, match='All images of mine have masks'):
        task('ids', '--unlabeled', 'mine', '--overwrite')
    shutil.rmtree(tmp_path / 'photos')
    shutil.copytree(tmp_path / 'mine/images', tmp_path / 'photos')
    with pytest.raises(SystemExit, match='No image is left of photos'):
        task('ids', '--overwrite', make=False)


def test_a_name_is_reused_only_with_overwrite(task, tmp_path, capsys):
    task('ids')
    before = written(tmp_path)
    assert '--overwrite' in refused(task, capsys, 'ids')
    assert written(tmp_path) == before
    foreign = tmp_path / 'data' / 'photos'
    foreign.mkdir()
    message = refused(task, capsys, 'ids', '--name', 'photos', '--overwrite')
    assert 'only folders written by new_task.py' in message
    assert foreign.is_dir() and not list(foreign.iterdir())
    assert not (tmp_path / 'configs/own/photos').exists()


def test_overwriting_makes_a_backup(task, tmp_path, capsys):
    task('ids')
    before = written(tmp_path)
    configs = tmp_path / 'configs/own'
    for edit in ('first', 'second'):
        (configs / 'mine/data.py').write_text(f'# {edit}\n')
        (configs / 'mine/fst-d.py').write_text('depth = 3\n')
        task('ids', '--overwrite')
    output = capsys.readouterr().out
    for old, edit in (('mine.old', 'first'), ('mine.old.2', 'second')):
        assert (configs / old / 'data.py').read_text() == f'# {edit}\n'
        assert (configs / old / 'fst-d.py').is_file()
        assert (tmp_path / 'data' / old / 'train.txt').is_file()
        assert f'previous files: configs/own/{old}' in output
        assert f'previous files: data/{old}' in output
    assert [path for path in written(tmp_path) if '.old' not in path] == before
    assert read_config('configs/own/mine/fst.py').load_from


def test_a_symbolic_link_is_renamed_but_not_its_target(task, tmp_path):
    task('ids')
    (tmp_path / 'disk').mkdir()
    shutil.move(tmp_path / 'data/mine', tmp_path / 'disk/mine')
    (tmp_path / 'data/mine').symlink_to(tmp_path / 'disk/mine')
    task('ids', '--overwrite')
    assert (tmp_path / 'data/mine.old').is_symlink()
    assert (tmp_path / 'disk/mine/train.txt').is_file()
    assert not (tmp_path / 'data/mine').is_symlink()
    assert (tmp_path / 'data/mine/train.txt').is_file()


@pytest.mark.parametrize('last', ['data/mine', 'configs/own/mine'])
def test_replacing_is_atomic(task, tmp_path, monkeypatch, last):
    """Everything is restored, whichever folder cannot be renamed."""
    task('ids')
    (tmp_path / 'configs/own/mine/data.py').write_text('# mine\n')
    before = written(tmp_path)
    rename = Path.rename

    def fail(self, target):
        if self.name.endswith('.tmp') and str(target) == last:
            raise OSError(28, 'No space left on device')
        return rename(self, target)

    monkeypatch.setattr(Path, 'rename', fail)
    with pytest.raises(SystemExit, match='No space left'):
        task('ids', '--overwrite', '--seed', 1)
    assert written(tmp_path) == before
    text = (tmp_path / 'configs/own/mine/data.py').read_text()
    assert text == '# mine\n'


def test_both_folders_are_checked_before_one_is_replaced(task, tmp_path,
                                                         capsys):
    task('ids')
    (tmp_path / 'configs/own/mine/task.json').unlink()
    before = written(tmp_path)
    message = refused(task, capsys, 'ids', '--overwrite')
    assert 'configs/own/mine exists already' in message
    assert written(tmp_path) == before


def damage_image(root):
    (root / 'mine/images/d0/0.jpg').write_text('no image')
    return 'mine/images/d0/0.jpg'


def damage_unlabeled(root):
    path = root / 'photos/d1/1.png'
    path.write_bytes(path.read_bytes()[:-40])
    return 'photos/d1/1.png'


def damage_mask(root):
    path = root / 'mine/labels/d1/1.png'
    path.write_bytes(path.read_bytes()[:40])
    return 'mine/labels/d1/1.png'


def resize_mask(root):
    path = root / 'mine/labels/d1/1.png'
    Image.open(path).resize((10, 12)).save(path)
    return '64 x 48, its mask'


def add_an_id(root):
    path = root / 'mine/labels/d1/1.png'
    mask = np.array(Image.open(path))
    mask[0, :2] = 99
    Image.fromarray(mask).save(path)
    return "ids 99, in 2 pixels"


def add_a_negative_id(root):
    path = root / 'mine/labels/d1/1.png'
    mask = np.array(Image.open(path)).astype(np.int32)
    mask[0, :2] = -1
    path.unlink()
    Image.fromarray(mask).save(path.with_suffix('.tif'))
    return ('ids -1, in 2 pixels, which belong to no class. Add each to a '
            "class, or write 'ignore = -1'")


def color_a_mask(root):
    save_colors(label_of(1, (48, 64)), root / 'mine/labels/d1/1.png')
    return 'name = R G B'


def ignore_a_mask(root):
    Image.new('L', (64, 48), 255).save(root / 'mine/labels/d1/1.png')
    return 'shows no class'


def remove_mask(root):
    (root / 'mine/labels/d1/1.png').unlink()
    return '1.png has no mask'


def remove_image(root):
    (root / 'mine/images/d1/1.png').unlink()
    return '1.png is a mask without an image'


@pytest.mark.parametrize('damage', [
    damage_image, damage_unlabeled, damage_mask, resize_mask, add_an_id,
    add_a_negative_id, color_a_mask, ignore_a_mask, remove_mask, remove_image])
def test_a_bad_file_is_named_and_can_be_left_out(task, damage, tmp_path,
                                                 capsys):
    write_folder(tmp_path / 'mine', save_ids)
    write_folder(tmp_path / 'photos', None, 4)
    (tmp_path / 'classes.txt').write_text(KINDS['ids'][1])
    expected = damage(tmp_path)
    message = refused(task, capsys, make=False)
    assert expected in message
    assert '1 problem; nothing is written' in message
    assert written(tmp_path) == []
    task('ids', '--skip-bad', make=False)
    lists = json.loads((tmp_path / 'data/mine/task.json').read_text())
    assert lists['train'] + lists['val'] + lists['unlabeled'] == 9 or (
        damage is remove_image)


def test_a_hint_is_given_for_masks_of_0_and_255(task, tmp_path, capsys):
    write_folder(tmp_path / 'mine', lambda label, path: Image.fromarray(
        np.where(label == 1, 255, 0).astype(np.uint8)).save(path))
    write_folder(tmp_path / 'photos', None, 4)
    path = tmp_path / 'classes.txt'
    path.write_text('background\nobject\n')
    message = refused(task, capsys, make=False)
    assert 'No mask shows object' in message and "'NAME = 255'" in message
    assert written(tmp_path) == []
    path.write_text('background = 0\nobject = 255\n')
    task(make=False)


@pytest.mark.parametrize('options, expected', [
    (('--holdout', 1.5), '--holdout to a number between 0 and 1'),
    (('--holdout', 0), '--holdout to a number between 0 and 1'),
    (('--name', 'a b'), 'letters, digits'),
    (('--long-side', 3), 'must be 32 or more'),
    (('--images', 'images/x.jpg'), 'no {name}'),
    (('--masks', 'masks/{name}.png'), '--masks'),
    (('--unlabeled', 'nowhere'), 'no folder nowhere'),
    (('--classes', 'no.txt'), 'no class list no.txt'),
])
def test_a_wrong_option_is_named(task, options, expected, tmp_path, capsys):
    assert expected in refused(task, capsys, 'ids', *options)
    assert written(tmp_path) == []


# Images of other channels, and of more than 8 bits.


def rewrite(root, change, ending='.png'):
    """Replace all images by what a function makes of them."""
    for folder in ('mine/images', 'photos'):
        for path in [*(root / folder).rglob('*.*')]:
            image = change(np.asarray(Image.open(path)))
            path.unlink()
            path = path.with_suffix(ending)
            if ending == '.npy':
                np.save(path, image)
            else:  # OpenCV wants BGR
                cv2.imwrite(str(path), image[..., [2, 1, 0, 3][:image.shape[2]]
                                             ] if image.ndim == 3 else image)


def prepare_folders(root, change, ending='.png'):
    write_folder(root / 'mine', save_ids)
    write_folder(root / 'photos', None, 4)
    (root / 'classes.txt').write_text(KINDS['ids'][1])
    rewrite(root, change, ending)


def test_sixteen_bits_are_stretched_and_it_is_said(task, tmp_path, capsys):
    prepare_folders(tmp_path, lambda image: image.astype(np.uint16) * 24)
    task('ids', make=False)
    assert '0 to 4095 become 0 to 255' in capsys.readouterr().out
    cfg = read_config('configs/own/mine/fst.py')
    load = dict(type='LoadWholeImage', stretch=(0, 4095))
    dataset = cfg.train_dataloader.dataset
    for side in (*dataset.sides.values(), cfg.val_dataloader.dataset):
        assert side.pipeline[0] == load
    image = DATASETS.build(dataset)[0]['labeled']['inputs']
    assert image.max() > 100 and len(image.unique()) > 100


def test_dark_images_are_told(task, tmp_path, capsys):
    prepare_folders(tmp_path, lambda image: image.astype(np.uint16) * 4 + 60)
    task('ids', '--stretch', 0, 65535, make=False)
    output = capsys.readouterr().out
    assert 'nearly black' in output
    low, high = map(float, output.split('Try --stretch ')[1].split()[:2])
    assert 60 <= low < 200 and 300 < high <= 480
    task('ids', '--stretch', low, high, '--name', 'other', make=False)
    assert 'nearly black' not in capsys.readouterr().out


def test_images_of_several_types_are_refused(task, tmp_path, capsys):
    def mixed(image, count=iter(range(99))):
        return image if next(count) % 2 else image.astype(np.uint16) * 16

    prepare_folders(tmp_path, mixed)
    message = refused(task, capsys, make=False)
    assert 'uint16' in message and '--stretch LOW HIGH' in message


def test_left_out_channels_are_told(task, tmp_path, capsys):
    prepare_folders(tmp_path, lambda image: np.dstack([image, image[..., 0]]),
                    '.tif')
    task('ids', make=False)
    output = capsys.readouterr().out
    assert '10 images have 4 channels' in output and '--channels 4' in output
    task('ids', '--channels', 4, '--name', 'four', make=False)
    assert 'have 4 channels' not in capsys.readouterr().out
    cfg = read_config('configs/own/four/fst.py')
    assert cfg.model.segmentor.backbone.in_channels == 4
    assert len(cfg.model.data_preprocessor.mean) == 4
    item = DATASETS.build(cfg.train_dataloader.dataset)[0]
    assert item['labeled']['inputs'].shape[0] == 4


def test_a_task_of_six_channels(task, tmp_path, capsys):
    prepare_folders(
        tmp_path, lambda image: np.dstack([image, image]) / np.float32(255),
        '.npy')
    task('ids', '--channels', 6, '--images', 'images/{name}.npy',
         '--unlabeled-images', '{name}.npy', '--adapt', make=False)
    cfg = read_config('configs/own/mine/fst.py')
    assert cfg.model.photometric.channels == ()
    mean, std = cfg.model.data_preprocessor.mean, cfg.model.data_preprocessor
    data = DATASETS.build(cfg.val_dataloader.dataset)
    images = np.stack([item['inputs'].mean((1, 2)) for item in data])
    np.testing.assert_allclose(mean, images.mean(0), atol=30)
    assert len(std.std) == 6 and min(std.std) > 10


def test_a_task_of_gray_images(task, tmp_path):
    prepare_folders(tmp_path, lambda image: image[..., 0])
    task('ids', '--channels', 1, make=False)
    cfg = read_config('configs/own/mine/supervised.py')
    assert cfg.model.segmentor.backbone.in_channels == 1
    assert len(cfg.model.data_preprocessor.std) == 1
    item = DATASETS.build(cfg.val_dataloader.dataset)[0]
    assert item['inputs'].shape[0] == 1


def test_other_channels_are_a_problem_of_a_file(task, tmp_path, capsys):
    prepare_folders(tmp_path, lambda image: image)
    message = refused(task, capsys, 'ids', '--channels', 4, make=False)
    assert 'channels=3' in message and '10 problems' in message


def test_scores_by_class_are_counted_and_the_data_named(task):
    task('ids')
    cfg = read_config('configs/own/mine/supervised.py')
    for evaluator in (cfg.val_evaluator, cfg.test_evaluator):
        assert evaluator.type == 'ConfusionIoUMetric'
    assert describe_data(DATASETS.build(cfg.val_dataloader.dataset)) == dict(
        name='mine', split='val', images=1, classes=3)
