"""Data sets of the configs: their files, and how to get them.

The converters, the checks before a run and ``tools/check_data.py`` share this
table.
"""
import os
from pathlib import Path
from typing import NamedTuple, Optional

from mmseg_fst.utils.file_patterns import walk_folders

TRAIN_IDS = '_labelTrainIds.png'
_CONVERTER = 'python tools/dataset_converters/{name}.py {{root}}'


class Files(NamedTuple):
    """Files of one kind.

    Attributes:
        folder (str): Folder, relative to the data set.
        suffix (str): Suffix of the file names.
    """
    folder: str
    suffix: str


class Split(NamedTuple):
    """Part of a data set that a config reads.

    Attributes:
        count (int): Number of images, and of labels if there are any.
        images (Files): The images.
        labels (Files, optional): The published labels. Defaults to None.
        converted (Files, optional): The labels written by a converter.
            Defaults to None.
    """
    count: int  # type: ignore[assignment]  # hides tuple.count
    images: Files
    labels: Optional[Files] = None
    converted: Optional[Files] = None


class KnownData(NamedTuple):
    """A data set.

    Attributes:
        splits (tuple[Split, ...]): Its parts; the first is for training.
        source (str): Origin of its files; empty for generated images.
        command (str): Command that prepares it, with ``{root}`` for the
            folder.
        stats (str): File of its class statistics; empty if no config needs
            them.
    """
    splits: tuple[Split, ...]
    source: str = ''
    command: str = ''
    stats: str = ''

    def how_to_get(self, root: str) -> str:
        """Explain how to get missing files.

        Args:
            root (str): Folder of the data set.

        Returns:
            str: A sentence.
        """
        command = self.command.format(root=root)
        if not self.source:
            return f'Generate it with: {command}'
        step = f', then run: {command}' if command else '.'
        return f'Get {self.source} into {root}{step}'


def _converted(count: int, images: Files, folder: str, labels: str,
               converted: str) -> Split:
    """A split whose converted labels are next to the published labels."""
    return Split(count, images, Files(folder, labels),
                 Files(folder, converted))


def _labeled(count: int, images: Files, folder: str, suffix: str) -> Split:
    """A split whose labels need no conversion."""
    return Split(count, images, Files(folder, suffix))


def _cityscapes(split: str, count: int) -> Split:
    """A split of Cityscapes."""
    return _converted(count,
                      Files(f'leftImg8bit/{split}', '_leftImg8bit.png'),
                      f'gtFine/{split}', '_gtFine_labelIds.png',
                      '_gtFine' + TRAIN_IDS)


def _night(split: str, count: int) -> Split:
    """A labeled split of ACDC or Dark Zurich."""
    return _labeled(count, Files(f'rgb_anon/{split}', '_rgb_anon.png'),
                     f'gt/{split}', '_gt' + TRAIN_IDS)


def _bdd100k(split: str, count: int) -> Split:
    """A split of BDD100K."""
    return _labeled(count, Files(f'images/10k/{split}', '.jpg'),
                     f'labels/sem_seg/masks/{split}', '.png')


def _mapillary(split: str, count: int) -> Split:
    """A split of Mapillary Vistas."""
    return _converted(count, Files(f'{split}/images', '.jpg'),
                      f'{split}/v1.2/labels', '.png', TRAIN_IDS)


def _streets(domain: str, split: str, count: int) -> Split:
    """A split of the procedural streets."""
    return _labeled(
        count, Files(f'{domain}/leftImg8bit/{split}', '_leftImg8bit.jpg'),
        f'{domain}/gtFine/{split}', '_gtFine' + TRAIN_IDS)


_FLAT = (Files('images', '.jpg'), 'labels', '.png')
_STATS = 'class_stats_train.json'

KNOWN_DATA = dict(
    gta=KnownData(
        (_converted(24966, Files('images', '.png'), 'labels', '.png',
                    TRAIN_IDS), ),
        'all packages of images and labels of '
        'https://download.visinf.tu-darmstadt.de/data/from_games',
        _CONVERTER.format(name='gta'), _STATS),
    synthia=KnownData(
        (_converted(9400, Files('RGB', '.png'), 'GT/LABELS', '.png',
                    TRAIN_IDS), ),
        'SYNTHIA-RAND-CITYSCAPES of http://synthia-dataset.net/downloads',
        _CONVERTER.format(name='synthia'), _STATS),
    cityscapes=KnownData(
        (_cityscapes('train', 2975), _cityscapes('val', 500)),
        'leftImg8bit_trainvaltest.zip and gtFine_trainvaltest.zip of '
        'https://www.cityscapes-dataset.com/downloads',
        _CONVERTER.format(name='cityscapes'), _STATS),
    acdc=KnownData(
        (_night('train', 1600), _night('val', 406)),
        'rgb_anon_trainvaltest.zip and gt_trainval.zip of '
        'https://acdc.vision.ee.ethz.ch/download',
        _CONVERTER.format(name='acdc')),
    dark_zurich=KnownData(
        (Split(2416, Files('rgb_anon/train/night', '_rgb_anon.png')),
         _night('val', 50)),
        'Dark_Zurich_train_anon.zip and Dark_Zurich_val_anon.zip of '
        'https://www.trace.ethz.ch/publications/2019/GCMA_UIoU'),
    bdd100k=KnownData(
        (_bdd100k('train', 7000), _bdd100k('val', 1000)),
        '"10K Images" and "Segmentation" of http://bdd-data.berkeley.edu'),
    mapillary=KnownData(
        (_mapillary('training', 18000), _mapillary('validation', 2000)),
        'Mapillary Vistas of https://www.mapillary.com/dataset/vistas',
        _CONVERTER.format(name='mapillary'), _STATS),
    streets=KnownData(
        (_streets('rendered', 'train', 300), _streets('rendered', 'val', 60),
         _streets('camera', 'train', 300), _streets('camera', 'val', 60)),
        command='python tools/make_streets.py {root}',
        stats='rendered/' + _STATS),
    # Training and validation images; no config reads the test split.
    camvid=KnownData(
        (_labeled(468, *_FLAT), ),
        command='python tools/dataset_converters/camvid.py SOURCE {root}'),
    streetgen=KnownData(
        (_labeled(700, *_FLAT), ),
        command='python tools/streetgen/generate.py {root}'),
    # Without the 220 test images.
    labelmefacade=KnownData(
        (_labeled(725, *_FLAT), ),
        'images/, labels/ and splits/ of '
        'https://github.com/cvjena/labelmefacade'),
    # Without the 150 test images; most images have no label.
    ccp=KnownData(
        (_labeled(854, *_FLAT), ),
        'images/, labels/ (12 classes) and splits/, made of '
        'https://github.com/bearpaw/clothing-co-parsing,'),
    # 10582 training and 1449 validation images.
    VOC2012=KnownData(
        (Split(12031, Files('JPEGImages', '.jpg'),
               converted=Files('SegmentationClassAug', '.png')), ),
        'VOCdevkit/VOC2012 of VOCtrainval_11-May-2012.tar '
        '(http://host.robots.ox.ac.uk/pascal/VOC/voc2012) and '
        'benchmark_RELEASE of benchmark.tgz (http://home.bharathh.info/'
        'pubs/codes/SBD)', _CONVERTER.format(name='voc_aug')),
)

# Families of published semi-supervised splits, in the folder splits/FAMILY of
# a data set. Results on splits of different families must not share a table.
PUBLISHED_LISTS = ('u2pl', 'stpp')


def list_files(root: Path, files: Files) -> list[str]:
    """List the files of one kind, including all subfolders.

    Args:
        root (Path): Folder of the data set.
        files (Files): Folder and suffix of the files.

    Returns:
        list[str]: Sorted paths relative to ``files.folder``, without suffix.
    """
    folder = root / files.folder
    names = []
    # Hidden files, which are left out, remain from a writer that was killed.
    for parent, file_names in walk_folders(folder):
        for name in file_names:
            if not name.endswith(files.suffix):
                continue
            # Converted labels are next to the published ones.
            if name.endswith(TRAIN_IDS) and files.suffix == '.png':
                continue
            path = os.path.relpath(os.path.join(parent, name), folder)
            names.append(path.removesuffix(files.suffix))
    return sorted(names)
