"""Sides of a training batch: their names and the data sets behind them.

A side is a data set of MMSegmentation, or several of them in mmengine's
``ConcatDataset`` and ``RepeatDataset``. What is needed of a single data set,
such as its pipeline or its list file, is asked of its parts.
"""
from bisect import bisect_right
from collections.abc import Callable, Collection, Mapping
from typing import Any, Optional, Union
from zlib import crc32

import numpy as np
from mmengine.config import ConfigDict
from mmengine.dataset import BaseDataset, ConcatDataset, RepeatDataset

from mmseg_fst.registry import DATASETS

#: The two sides that self-training always had.
LABELED, UNLABELED = 'labeled', 'unlabeled'

Side = Union[BaseDataset, ConcatDataset, RepeatDataset]
_WRAPPERS = {ConcatDataset: 'datasets', RepeatDataset: 'dataset'}


def name_sides(sides: Optional[Mapping[str, Optional[dict]]] = None,
               labeled: Optional[dict] = None,
               unlabeled: Optional[dict] = None) -> dict[str, dict]:
    """Sides by name, those that are left out (None) removed.

    Args:
        sides (Mapping[str, dict | None], optional): Configs of data sets by
            name. Defaults to None.
        labeled (dict, optional): The older form of ``sides['labeled']``.
            Defaults to None.
        unlabeled (dict, optional): The older form of ``sides['unlabeled']``.
            Defaults to None.

    Returns:
        dict[str, dict]: ``labeled``, ``unlabeled``, if there is one, then the
        others in their order.

    Raises:
        ValueError: If both forms are given, there is no labeled side, or a
            name is not an identifier.
    """
    older = {LABELED: labeled, UNLABELED: unlabeled}
    given = [name for name, cfg in older.items() if cfg is not None]
    if sides and given:
        raise ValueError(
            f'PairedDataset got both `sides` and `{given[0]}`, which is the '
            f'older form of `sides.{given[0]}`. Move what it sets there.')
    named = {name: cfg for name, cfg in (sides or older).items()
             if cfg is not None}
    if LABELED not in named:
        raise ValueError(
            f'PairedDataset needs a labeled side, but has {list(named)}; set '
            'sides=dict(labeled=dict(type=...), ...).')
    for name in named:
        if not name.isidentifier():
            raise ValueError(f'The side {name!r} of PairedDataset must be '
                             "named by an identifier, such as 'target'.")
    first = [name for name in (LABELED, UNLABELED) if name in named]
    return {name: named[name] for name in dict.fromkeys([*first, *named])}


def check_again(again: Mapping[str, str],
                sides: Collection[str]) -> dict[str, str]:
    """Sides that show the images of another side again.

    Args:
        again (Mapping[str, str]): Name of the other side, by name.
        sides (Collection[str]): Names of the sides that have images of their
            own.

    Returns:
        dict[str, str]: The same names, without those that show the unlabeled
        side if it is left out, as for training on labels alone.

    Raises:
        ValueError: If a name is taken or is not an identifier, or there is no
            such source.
    """
    found = {}
    for name, source in again.items():
        if name in sides or not name.isidentifier():
            raise ValueError(
                f'PairedDataset: again.{name} must be a new name of a side, '
                f'an identifier; there are {", ".join(sides)}.')
        if source in sides:
            found[name] = source
        elif source != UNLABELED:
            raise ValueError(
                f'PairedDataset: again.{name}={source!r} must be a '
                f'side, one of {", ".join(sides)}.')
    return found


def wrapper_key(cfg: Mapping[str, Any]) -> Optional[str]:
    """The key under which a config holds other data sets.

    Args:
        cfg (Mapping[str, Any]): Config of a side, or of a part of it.

    Returns:
        str | None: ``'datasets'`` of a ``ConcatDataset``, ``'dataset'`` of a
        ``RepeatDataset``; None of any other.
    """
    kind = cfg.get('type')
    kind = DATASETS.get(kind) if isinstance(kind, str) else kind
    return _WRAPPERS.get(kind)


def map_parts(cfg: dict, change: Callable[[dict], dict]) -> dict:
    """Change the config of each data set of a side.

    Args:
        cfg (dict): Config of the side.
        change (Callable[[dict], dict]): Called with the config of each data
            set that is not a wrapper; returns the new one.

    Returns:
        dict: A config with the same wrappers; the given one is not changed.
    """
    key = wrapper_key(cfg)
    if key is None:
        return change(cfg)
    inner = cfg[key]
    if isinstance(inner, (list, tuple)):
        return {**cfg, key: [map_parts(part, change) for part in inner]}
    return {**cfg, key: map_parts(inner, change)}


def part_configs(cfg: dict) -> list[dict]:
    """Configs of the data sets of a side.

    Args:
        cfg (dict): Config of the side.

    Returns:
        list[dict]: In the order of :func:`parts_of`.
    """
    found: list[dict] = []

    def note(part: dict) -> dict:
        found.append(part)
        return part

    map_parts(cfg, note)
    return found


def single_config(name: str, cfg: ConfigDict, purpose: str) -> ConfigDict:
    """Config of a side that must be one data set.

    Args:
        name (str): Name of the side.
        cfg (ConfigDict): Its config.
        purpose (str): What needs one data set, for the message.

    Returns:
        ConfigDict: The config.

    Raises:
        ValueError: If it is a ``ConcatDataset`` or a ``RepeatDataset``.
    """
    if wrapper_key(cfg) is not None:
        raise ValueError(
            f'{purpose} needs one data set as the {name} side, but it is a '
            f'{cfg["type"]}. Put the images into one folder or list.')
    return cfg


def parts_of(side: Side) -> list[BaseDataset]:
    """The data sets of a side, each once, however often it is repeated.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): The side.

    Returns:
        list[BaseDataset]: The side itself unless it is a wrapper.
    """
    if isinstance(side, ConcatDataset):
        return [
            part for dataset in side.datasets for part in parts_of(dataset)
        ]
    if isinstance(side, RepeatDataset):
        return parts_of(side.dataset)
    return [side]


def part_at(side: Side, index: int) -> tuple[BaseDataset, int]:
    """Find an item of a side in its data sets.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): The side.
        index (int): Index of the item, in [0, len(side)).

    Returns:
        tuple[BaseDataset, int]: The data set and the index in it.
    """
    if isinstance(side, ConcatDataset):
        number = bisect_right(side.cumulative_sizes, index)
        begin = side.cumulative_sizes[number - 1] if number else 0
        return part_at(side.datasets[number], index - begin)
    if isinstance(side, RepeatDataset):
        return part_at(side.dataset, index % len(side.dataset))
    return side, index


def build_side(name: str, cfg: dict) -> Side:
    """Build a side.

    Args:
        name (str): Name of the side, for messages.
        cfg (dict): Its config.

    Returns:
        BaseDataset | ConcatDataset | RepeatDataset: The side.

    Raises:
        ValueError: If a data set has no image, or no list of images.
    """
    side = DATASETS.build(_lazy(cfg))
    for part in parts_of(side):
        if not hasattr(part, 'load_data_list'):
            raise ValueError(
                f'The {name} side is a {type(part).__name__}, which has no '
                'list of images. Give a data set of MMSegmentation, or a '
                'ConcatDataset or RepeatDataset of such data sets.')
        # mmengine fails to pack an empty list, so check before it packs.
        if not part.load_data_list():
            raise ValueError(
                f'The {name} side has no image: nothing in '
                f'{part.data_prefix["img_path"]} ends with '
                f'{part.img_suffix!r}; check data_prefix, img_suffix and '
                'ann_file.')
    side.full_init()
    return side


def _lazy(cfg: dict) -> dict:
    """The config with lazy_init, and classes in place of their names.

    mmengine's wrappers look up names only in mmengine's registry.
    """
    kind = cfg.get('type')
    if isinstance(kind, str):
        kind = DATASETS.get(kind) or kind
    lazy = {**cfg, 'type': kind, 'lazy_init': True}
    if kind is ConcatDataset:
        lazy['datasets'] = [_lazy(part) for part in cfg['datasets']]
    elif kind is RepeatDataset:
        lazy['dataset'] = _lazy(cfg['dataset'])
    return lazy


def stream_key(name: str) -> tuple[int, ...]:
    """Numbers that make the order of a side different from all others.

    They depend on the name alone, so that a side that is added, or moved,
    changes no other. The labeled side has 0 and the unlabeled one 1; 2 stands
    for the seeds of the items, see :class:`PairedSampler`.

    Args:
        name (str): Name of the side.

    Returns:
        tuple[int, ...]: Numbers from 0, to be mixed with a seed.
    """
    if name in (LABELED, UNLABELED):
        return ((LABELED, UNLABELED).index(name), )
    return 3, crc32(name.encode())


def side_seed(seed: int, name: str) -> int:
    """Seed of the random choices of one side in an item.

    Args:
        seed (int): Seed of the item, in [0, 2**31).
        name (str): Name of the side.

    Returns:
        int: In [0, 2**31).
    """
    words = np.random.SeedSequence((seed, *stream_key(name)))
    return int(words.generate_state(1)[0]) >> 1  # of 32 bits
