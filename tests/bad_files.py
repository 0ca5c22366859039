"""Bad data, lists, weights and checkpoints."""
import shutil

import numpy as np
import torch
from bad_commands import FST, RUN, config
from bad_inputs import Case
from PIL import Image

TRAIN = 'data/streets/rendered'
IMAGES, LABELS = f'{TRAIN}/leftImg8bit/train', f'{TRAIN}/gtFine/train'
IMAGE = f'{IMAGES}/train_001_leftImg8bit.jpg'
LABEL = f'{LABELS}/train_001_gtFine_labelTrainIds.png'
VAL_LABEL = 'data/streets/camera/gtFine/val/val_001_gtFine_labelTrainIds.png'
DEBUG = f'{RUN} --debug --cfg-options train_dataloader.batch_size=4'


def remove(path):
    """Remove a file or folder."""

    def prepare(root):
        target = root / path
        shutil.rmtree(target) if target.is_dir() else target.unlink()

    return prepare


def empty(path):
    """Remove the contents of a folder."""

    def prepare(root):
        shutil.rmtree(root / path)
        (root / path).mkdir()

    return prepare


def truncate(path):
    """Truncate a file to its first half."""

    def prepare(root):
        content = (root / path).read_bytes()
        (root / path).write_bytes(content[:len(content) // 2])

    return prepare


def write(path, text):
    """Replace a file by a text."""

    def prepare(root):
        (root / path).write_text(text)

    return prepare


def label(change, path=LABEL):
    """Replace a label by what a function makes of it."""

    def prepare(root):
        changed = change(np.array(Image.open(root / path)))
        Image.fromarray(changed).save(root / path)

    return prepare


def weights(name, key, nested=False):
    """Write a checkpoint with one tensor."""

    def prepare(root):
        value = dict(weight=torch.zeros(2)) if nested else torch.zeros(2)
        torch.save({key: value}, root / f'data/{name}.pth')

    return prepare


def smaller_label(root):
    Image.open(root / LABEL).resize(
        (32, 16), Image.Resampling.NEAREST).save(root / LABEL)


def with_list(lines, **keys):
    """Write a config whose labeled side has a list of the given lines."""
    settings = ''.join(f', {key}={value}' for key, value in keys.items())

    def prepare(root):
        (root / TRAIN / 'list.txt').write_text(lines)
        config('bad.py', f"_base_ = './{FST}'\n"
               "train_dataloader = dict(dataset=dict(sides=dict(labeled="
               f"dict(ann_file='list.txt')){settings}))\n")(root)

    return prepare


def shared_sides(root):
    config('bad.py', f"_base_ = './{FST}'\n"
           "train_dataloader = dict(dataset=dict(disjoint=True, "
           f"sides=dict(unlabeled=dict(data_root='{TRAIN}'))))\n")(root)


def statistics(text):
    """Write class statistics, unless None, and a config that reads them."""

    def prepare(root):
        if text is not None:
            (root / 'stats.json').write_text(text)
        config('bad.py', f"_base_ = './{FST}'\n"
               "train_dataloader = dict(dataset=dict("
               "rare_class_sampling=dict(stats='stats.json')))\n")(root)

    return prepare


def run_folder(content=None, names=('config.py', )):
    """Write a run folder with a checkpoint of the given content."""

    def prepare(root):
        folder = root / 'run'
        folder.mkdir()
        for name in names:
            (folder / name).write_text(f"_base_ = '../{FST}'\n")
        if isinstance(content, (str, bytes)):
            (folder / 'iter_4.pth').write_bytes(
                content if isinstance(content, bytes) else content.encode())
        elif content is not None:
            torch.save(content, folder / 'iter_4.pth')

    return prepare


class Code:
    """Runs code when it is unpickled."""

    def __reduce__(self):
        return print, ('poison', )


DATA = (
    Case('missing data of another task', 'run_experiments.py '
         '--config configs/uda/gta2cityscapes_resnet101-deeplabv2_fst.py',
         'data/gta', 'gta.py'),
    Case('missing data', RUN, 'data/streets/rendered',
         'tools/make_streets.py', remove('data')),
    Case('a missing folder', RUN, IMAGES, 'tools/make_streets.py',
         remove(IMAGES)),
    Case('a folder without images', DEBUG, 'labeled side has no image',
         'check data_prefix, img_suffix', empty(IMAGES), True),
    Case('an image without a label', DEBUG, 'train_001_leftImg8bit.jpg',
         'Add the label', remove(LABEL), True),
    Case('a truncated image', DEBUG, 'train_001_leftImg8bit.jpg',
         'Copy or download the file again', truncate(IMAGE), True),
    Case('a text file instead of an image', DEBUG, 'train_001_leftImg8bit.jpg',
         'take it out', write(IMAGE, 'no image'), True),
    Case('an id without a class', DEBUG, 'labelTrainIds.png',
         'Convert the labels', label(lambda ids: ids + 42), True),
    Case('a validation id without a class', DEBUG,
         'val_001_gtFine_labelTrainIds.png', 'Convert the labels',
         label(lambda ids: ids + 42, VAL_LABEL), True),
    Case('a label with ids of 16 bits', DEBUG,
         'train_001_gtFine_labelTrainIds.png', "'ignore = VALUE'",
         label(lambda ids: ids.astype(np.uint16) + 256), True),
    Case('a label of colors', DEBUG, 'train_001_gtFine_labelTrainIds.png',
         'tools/new_task.py', label(
             lambda ids: np.dstack([ids, ids // 2, 0 * ids])), True),
    Case('a label of probabilities', DEBUG,
         'train_001_gtFine_labelTrainIds.png', 'round the mask',
         lambda root: Image.fromarray(np.full((32, 64), .5, np.float32)).save(
             root / LABEL, format='TIFF'), True),
    Case('a label of another size', DEBUG, 'train_001_leftImg8bit.jpg',
         'Save the label at the size of the image', smaller_label, True),
    Case('a missing list', f'{RUN} --cfg-options '
         'train_dataloader.dataset.sides.labeled.ann_file=none.txt',
         'data/streets/rendered/none.txt', 'make_streets.py'),
    Case('a list with a missing image',
         'run_experiments.py --config bad.py --debug', 'list.txt',
         'Correct the list', with_list('train_000\nnobody\n'), True),
    Case('an empty list',
         'run_experiments.py --config bad.py --debug',
         'labeled side has no image', 'ann_file', with_list(''), True),
    Case('a list of another split',
         'run_experiments.py --config bad.py --debug', 'list.txt',
         'expects 3', with_list('train_000\ntrain_001\n',
                                expected='dict(labeled=3)'), True),
    Case('an image on both sides',
         'run_experiments.py --config bad.py --debug',
         'images are on both sides', 'disjoint=False', shared_sides, True),
    Case('missing class statistics',
         'run_experiments.py --config bad.py --debug', 'stats.json',
         'tools/class_stats.py', statistics(None), True),
    Case('class statistics of other data',
         'run_experiments.py --config bad.py --debug', 'stats.json',
         'Make it anew', statistics('{"classes": ["a"], "pixels": {}}'),
         True),
    Case('truncated class statistics',
         'run_experiments.py --config bad.py --debug', 'stats.json',
         'Make it anew', statistics('{"classes": ['), True),
)

CHECKPOINTS = (
    Case('weights that were not downloaded',
         'run_experiments.py --config bad.py', 'checkpoints/mit_b5.pth',
         'sh tools/download_checkpoints.sh mit_b5', config(
             'bad.py', f"_base_ = './{FST}'\nmodel = dict(segmentor=dict("
             "backbone=dict(init_cfg=dict(type='Pretrained', "
             "checkpoint='checkpoints/mit_b5.pth'))))\n")),
    Case('a missing initial checkpoint',
         f'{RUN} --cfg-options load_from=none.pth', 'none.pth',
         'Train that run first'),
    Case('an initial checkpoint that is not a checkpoint',
         f'{DEBUG} load_from=data/text.pth', 'data/text.pth',
         'Copy it again', write('data/text.pth', 'hello'), True),
    Case('initial weights of another network',
         f'{DEBUG} load_from=data/other.pth',
         'the weights of data/other.pth do not fit: 0 of',
         'leave load_from out', weights('other', 'weight'), True),
    Case('pretrained weights of another network',
         f'{DEBUG} model.segmentor.init_cfg.type=Pretrained '
         'model.segmentor.init_cfg.checkpoint=data/other.pth',
         'student.init_cfg: the weights of data/other.pth do not fit',
         'Name a file of the same network', weights('other', 'weight'), True),
    Case('initial weights in an entry of a file',
         f'{DEBUG} load_from=data/other.pth', 'do not fit: 0 of',
         "its entry 'ema'", weights('other', 'ema', nested=True), True),
    Case('a missing run', 'tools/test.py work_dirs/none',
         'work_dirs/none', 'no folder or checkpoint'),
    Case('a run without a checkpoint', 'tools/test.py run', 'run',
         'train first', run_folder()),
    Case('a checkpoint without a config', 'tools/test.py run',
         'no config in run', 'name the folder of a run',
         run_folder({}, names=())),
    Case('a run with two configs', 'tools/test.py run', 'run/other.py',
         'leave the one', run_folder({}, names=('config.py', 'other.py'))),
    Case('a missing protocol',
         'tools/test.py run --protocol none.py', 'none.py',
         'There is no config', run_folder({})),
    Case('a config instead of a protocol',
         f'tools/test.py run --protocol {FST}', FST,
         'configs/_base_/protocols', run_folder({})),
    Case('a truncated checkpoint', 'tools/test.py run', 'run/iter_4.pth',
         'Copy it again', run_folder(b'PK\x03\x04 and no more')),
    Case('an empty checkpoint', 'tools/test.py run', 'run/iter_4.pth',
         'Copy it again', run_folder(b'')),
    Case('a text file instead of a checkpoint', 'tools/test.py run',
         'run/iter_4.pth', 'Copy it again', run_folder('hello')),
    Case('a checkpoint that would run code', 'tools/test.py run',
         'run/iter_4.pth', 'add --trust', run_folder(dict(poison=Code()))),
    Case('a list instead of a checkpoint', 'tools/test.py run',
         'run/iter_4.pth', 'instead of weights', run_folder([1, 2])),
    Case('the checkpoint of another model', 'tools/test.py run',
         'run/iter_4.pth', 'Use the config', run_folder(
             dict(state_dict=dict(weight=torch.zeros(2))))),
)
