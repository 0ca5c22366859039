"""The data sets that the configs know: their files, and how to get them.

One table for the converters, the checks before a run and
``tools/check_data.py``.
"""
import os
from pathlib import Path
from typing import NamedTuple, Optional

TRAIN_IDS = '_labelTrainIds.png'
_CONVERTER = 'python tools/dataset_converters/{name}.py {{root}}'


class Files(NamedTuple):
    """Files of one kind.

    Attributes:
        folder (str): Folder under that of the data set.
        suffix (str): How their names end.
    """
    folder: str
    suffix: str


class Split(NamedTuple):
    """Part of a data set that a config reads.

    Attributes:
        count (int): Number of images, and of labels if there are any.
        images (Files): The images.
        labels (Files, optional): The labels as published. Defaults to None.
        converted (Files, optional): The labels that a converter makes of
            them. Defaults to None.
    """
    count: int
    images: Files
    labels: Optional[Files] = None
    converted: Optional[Files] = None


class KnownData(NamedTuple):
    """A data set.

    Attributes:
        splits (tuple[Split, ...]): Its parts; the first is for training.
        source (str): Where its files come from; empty if they are drawn.
        command (str): What to run on them, with ``{root}`` for the folder.
        stats (str): Its class statistics; empty if no config needs them.
    """
    splits: tuple[Split, ...]
    source: str = ''
    command: str = ''
    stats: str = ''

    def cure(self, root: str) -> str:
        """What to do if files are missing.

        Args:
            root (str): Folder of the data set.

        Returns:
            str: A sentence.
        """
        command = self.command.format(root=root)
        if not self.source:
            return f'Make it with: {command}'
        step = f', then run: {command}' if command else '.'
        return f'Get {self.source} into {root}{step}'


def _converted(count: int, images: Files, folder: str, labels: str,
               converted: str) -> Split:
    """A split whose converted labels lie beside those of the source."""
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
    """A split of the drawn streets."""
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
    # Training and validation; its test split is read by no config.
    camvid=KnownData(
        (_labeled(468, *_FLAT), ),
        command='python tools/dataset_converters/camvid.py SOURCE {root}'),
    streetgen=KnownData(
        (_labeled(700, *_FLAT), ),
        command='python tools/streetgen/generate.py {root}'),
    # Without the 220 test photos, likewise.
    labelmefacade=KnownData(
        (_labeled(725, *_FLAT), ),
        'images/, labels/ and splits/ of '
        'https://github.com/cvjena/labelmefacade'),
    # Without the 150 test photos, likewise; most images have no label.
    ccp=KnownData(
        (_labeled(854, *_FLAT), ),
        'images/, labels/ (12 classes) and splits/, made of '
        'https://github.com/bearpaw/clothing-co-parsing,'),
    # 10582 images to train on, 1449 to validate on.
    VOC2012=KnownData(
        (Split(12031, Files('JPEGImages', '.jpg'),
               converted=Files('SegmentationClassAug', '.png')), ),
        'VOCdevkit/VOC2012 of VOCtrainval_11-May-2012.tar '
        '(http://host.robots.ox.ac.uk/pascal/VOC/voc2012) and '
        'benchmark_RELEASE of benchmark.tgz (http://home.bharathh.info/'
        'pubs/codes/SBD)', _CONVERTER.format(name='voc_aug')),
)

# Families of published semi-supervised splits; lists of two of them must
# never share a table. They lie in the folder splits/FAMILY of a data set.
PUBLISHED_LISTS = ('u2pl', 'stpp')


def list_files(root: Path, files: Files) -> list[str]:
    """Names of the files of one kind, whichever subfolder they lie in.

    Args:
        root (Path): Folder of the data set.
        files (Files): Where to look.

    Returns:
        list[str]: Sorted paths from ``files.folder`` on, without the suffix.
    """
    folder = root / files.folder
    names = []
    for parent, _, found in os.walk(folder, followlinks=True):
        for name in found:
            # Hidden files are left by a writer that was killed.
            if not name.endswith(files.suffix) or name.startswith('.'):
                continue
            # Converted labels lie beside those of the source.
            if name.endswith(TRAIN_IDS) and files.suffix == '.png':
                continue
            path = os.path.relpath(os.path.join(parent, name), folder)
            names.append(path.removesuffix(files.suffix))
    return sorted(names)
