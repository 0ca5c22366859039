"""Batch sizes of single sides, as mmengine's data loader takes them."""
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config, ConfigDict

from mmseg_fst.datasets.joined import group_sides

from .joined_sides import apply_joined_sides


def side_batch_size(cfg: Config, side: str) -> int:
    """Images of a side in the training batch of one process.

    Args:
        cfg (Config): Config of a run.
        side (str): Name of the side.

    Returns:
        int: That of ``batch_sizes`` of the sampler, or else that of the
        loader, of which sides that join one another have equal shares; the
        first ones have one more where it cannot be divided.

    Raises:
        ValueError: If no image of the batch is left for the side.
    """
    loader = cfg.train_dataloader
    given = loader.get('sampler', {}).get('batch_sizes') or {}
    if side in given:
        return given[side]
    parts = next((parts for parts in _groups_of(loader.get('dataset') or {})
                  if side in parts), [side])
    rest = [name for name in parts if name not in given]
    images = loader.batch_size - sum(given.get(name, 0) for name in parts)
    size = (images + len(rest) - 1 - rest.index(side)) // len(rest)
    if size < 1:
        raise ValueError(
            f'train_dataloader.batch_size={loader.batch_size} leaves no image '
            f'of the {side} side beside {", ".join(parts)}. Raise it to at '
            f'least {len(parts)}, or reduce sampler.batch_sizes.')
    return size


def _groups_of(dataset: Mapping[str, Any]) -> list[list[str]]:
    """Names of the sides that join one another in a batch."""
    if not isinstance(dataset, Mapping):
        return []
    sides = dataset.get('sides') or {}
    present = [name for name, side in sides.items() if side is not None]
    return list(group_sides(present, dataset.get('joined') or {}).values())


def apply_batch_sizes(cfg: Config) -> None:
    """Complete ``train_dataloader`` where sides differ in their batch size.

    ``batch_sizes`` of the sampler gets a number for each side, see
    :func:`side_batch_size`, where there was none; the loader gets a batch of
    as many items as the largest side has images, and a function that collates
    them. Sides that join one another count together. A config that is
    complete stays as it is.

    Args:
        cfg (Config): Config of a run. Changed in place.

    Raises:
        ValueError: If a number is given for a side that is not there, or no
            image is left for one.
    """
    apply_joined_sides(cfg)
    loader = cfg.get('train_dataloader') or ConfigDict()
    given = (loader.get('sampler') or {}).get('batch_sizes')
    dataset = loader.get('dataset')
    if not given and not (
            isinstance(dataset, Mapping) and dataset.get('joined')):
        return
    sides = loader.dataset.sides
    unknown = (given or {}).keys() - sides.keys()
    if unknown:
        raise ValueError(
            f'train_dataloader.sampler.batch_sizes.{min(unknown)}: there is '
            f'no such side, only {", ".join(sides)}.')
    sizes = {name: side_batch_size(cfg, name)
             for name, side in sides.items() if side is not None}
    loader.sampler.batch_sizes = sizes
    loader.batch_size = max(
        sum(sizes[name] for name in parts)
        for parts in _groups_of(loader.dataset))
    loader.setdefault('collate_fn', dict(type='collate_sides'))
