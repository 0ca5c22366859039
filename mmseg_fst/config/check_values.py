"""Checks of numbers in a config, alone and against each other."""
from collections.abc import Iterator
from typing import Any, Optional

from mmseg.datasets import CityscapesDataset

from mmseg_fst.datasets.sides import LABELED, part_configs
from mmseg_fst.registry import DATASETS

# Numbers of which there must be one at least.
_COUNTS = (('train_cfg', 'max_iters'), ('train_cfg', 'val_interval'),
           ('train_dataloader', 'batch_size'),
           ('val_dataloader', 'batch_size'),
           ('test_dataloader', 'batch_size'))

# Values of `_base_/methods/daformer.py`, which only fit images of Cityscapes.
_EGO_ROWS = (15, 120)
_THINGS = (6, 7, 11, 12, 13, 14, 15, 16, 17, 18)


def check_numbers(content: dict[str, Any]) -> None:
    """Check numbers of iterations and images.

    Args:
        content (dict): A config.

    Raises:
        ValueError: If a number is not a positive integer.
    """
    for part, key in _COUNTS:
        value = (content.get(part) or {}).get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f'{part}.{key} must be a positive integer, got '
                             f'{value!r}.')


def _heads(node: Any, where: str) -> Iterator[tuple[str, int]]:
    """Number of classes of each decode head, with its place."""
    if isinstance(node, dict):
        for key, value in node.items():
            place = f'{where}.{key}'
            if key.endswith('_head') and isinstance(value, dict):
                if isinstance(value.get('num_classes'), int):
                    yield f'{place}.num_classes', value['num_classes']
            else:
                yield from _heads(value, place)


def _classes_of(dataset: Any) -> Optional[tuple[str, ...]]:
    """Classes of the config of a data set, if it says any."""
    if not isinstance(dataset, dict):
        return None
    if 'sides' in dataset:
        return _classes_of(dataset['sides'].get(LABELED))
    dataset = part_configs(dataset)[0]
    if (dataset.get('metainfo') or {}).get('classes'):
        return tuple(dataset['metainfo']['classes'])
    kind = dataset.get('type')
    if isinstance(kind, str):
        kind = DATASETS.get(kind)
    return getattr(kind, 'METAINFO', {}).get('classes')


def check_classes(content: dict[str, Any]) -> None:
    """Raise if heads predict another number of classes than the data have.

    A head of too many classes would train without a word, one of too few
    would fail in the middle of a batch.

    Args:
        content (dict): A config.

    Raises:
        ValueError: If the numbers differ.
    """
    for loader in ('train_dataloader', 'val_dataloader'):
        classes = _classes_of((content.get(loader) or {}).get('dataset'))
        if not classes:
            continue
        for where, count in _heads(content.get('model') or {}, 'model'):
            # A binary head has one channel.
            if count != len(classes) and (count, len(classes)) != (1, 2):
                raise ValueError(
                    f'{where}={count}, but the data of {loader} have '
                    f'{len(classes)} classes ({", ".join(classes[:4])} ...). '
                    f'Set it to {len(classes)}.')


def check_daformer(content: dict[str, Any]) -> None:
    """Raise if rows and thing classes of Cityscapes are used on other data.

    They would exclude most pixels of small crops, and penalize classes that
    are no things.

    Args:
        content (dict): A config.

    Raises:
        ValueError: If DAFormer's values are used on data of other classes, or
            a thing class does not exist.
    """
    model = content.get('model') or {}
    classes = _classes_of((content.get('train_dataloader') or {}).get(
        'dataset'))
    if not classes or classes == CityscapesDataset.METAINFO['classes']:
        return
    labeler = model.get('pseudo_labeler') or {}
    regularizer = model.get('regularizer')
    things = regularizer.get('classes', _THINGS) if regularizer else ()
    changes = []
    if (labeler.get('ignore_top'), labeler.get('ignore_bottom')) == _EGO_ROWS:
        changes.append('pseudo_labeler=dict(ignore_top=0, ignore_bottom=0)')
    if tuple(things) == _THINGS or max(things, default=0) >= len(classes):
        changes.append('regularizer=dict(classes=(IDS, )), or '
                       'regularizer=None')
    if changes:
        raise ValueError(
            'model: the rows of the ego car (ignore_top, ignore_bottom) and '
            'the thing classes of methods/daformer.py belong to Cityscapes, '
            f'but the data have the classes {", ".join(classes[:6])}'
            f'{" ..." if len(classes) > 6 else ""}. Add to the config: '
            f'model = dict({", ".join(changes)}). IDS are the ids of classes '
            f'of single objects, 0 to {len(classes) - 1}.')
