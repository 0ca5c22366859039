"""What of a config depends on the list of labeled images alone."""
import re
from collections.abc import Collection, Iterator
from typing import Any, Optional

from mmengine.config import Config

from mmseg_fst.datasets.sides import LABELED, UNLABELED, part_configs

from .batch_sizes import side_batch_size
from .options import set_unless_given

#: Stands in ``ann_file`` for the name of the partition.
PARTITION = '{partition}'
# Stands for a number of iterations where a value is counted in epochs.
_EPOCHS = re.compile(r'(\d+) epochs?')


def apply_partition(cfg: Config,
                    options: Optional[dict[str, Any]] = None) -> bool:
    """Fill in the lists of a partition, and the length of its training.

    A config whose lists are named ``.../{partition}/...`` has a table of the
    partitions and the name of one of them, and a schedule in epochs::

        partitions = {'92': dict(labeled=92, unlabeled=10490),
                      '183': dict(labeled=183, unlabeled=10399)}
        partition = '92'
        epochs = dict(count=80, processes=4)

    ``{partition}`` in ``ann_file`` becomes the name, and the numbers of images
    become ``expected`` of the data set; a side that is neither labeled nor
    unlabeled may have none. A side of 0 images is left out. With ``epochs``,
    iterations, validation, checkpoints and the end of the learning rate
    schedule are set as by programs that iterate over the images of one side
    on ``processes`` processes, each with the batch size of that side, see
    :func:`side_batch_size`; an incomplete batch is dropped. Its keys:

    - ``count``: number of epochs, or a table of it by partition.
    - ``validate``: epochs between two validations, by default 1.
    - ``processes``: number of processes.
    - ``images``: the side that makes an epoch, by default ``'unlabeled'``.
    - ``batch_size``: where it is not the one of that side.
    - ``length``: iterations of an epoch by partition, where they follow
      another rule than the three above.
    - ``lag``: iterations by which learning rates lag, by default 0: 1 where
      the release sets the learning rate after a step, so that the first two
      have the same one.

    A value such as ``copy_iters='1 epoch'`` of ``model`` or a hook becomes a
    number of iterations. ``epochs`` of one of the ``stages`` sets the length
    of that stage.

    Args:
        cfg (Config): The config, changed in place; one without
            ``{partition}`` stays as it is.
        options (dict, optional): Options that were merged into it; their
            values stay. Defaults to None.

    Returns:
        bool: Whether the config has partitions.

    Raises:
        ValueError: If there is no such partition, a number is missing, or no
            batch is filled.
    """
    lists = _lists_of(cfg)
    if not lists:
        _check_length(cfg)
        return False
    cfg.partition = name = str(cfg.get('partition'))
    counts = _counts_of(cfg, name, lists)
    for parts in lists.values():
        for part in parts:
            part['ann_file'] = part['ann_file'].replace(PARTITION, name)
    sides = cfg.train_dataloader.dataset.sides
    sides.update({side: None for side, count in counts.items()
                  if count == 0 and side in sides})
    expected = {side: count for side, count in counts.items()
                if count and side in sides}
    settings: dict[str, Any] = {'train_dataloader.dataset.expected': expected}
    if cfg.get('epochs'):
        settings.update(_length_settings(cfg, name, counts))
    set_unless_given(cfg, settings, options)
    return True


def _lists_of(cfg: Config) -> dict[str, list[dict]]:
    """Data sets whose list is that of a partition, by side."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset') or {}
    lists = {
        name: [part for part in part_configs(side)
               if PARTITION in (part.get('ann_file') or '')]
        for name, side in (dataset.get('sides') or {}).items()
        if side is not None
    }
    return {name: parts for name, parts in lists.items() if parts}


def _check_length(cfg: Config) -> None:
    """Raise if nothing says how many iterations an epoch has."""
    if cfg.get('epochs') and 'max_iters' not in cfg.get('train_cfg', {}):
        raise ValueError(
            f'{cfg.filename}: the schedule counts `epochs`, but no `ann_file` '
            f'of the data names a {PARTITION}. Take data with `partitions`, '
            'or a schedule in iterations, such as schedules/adamw_40k.py.')


def _counts_of(cfg: Config, name: str,
               sides: Collection[str]) -> dict[str, int]:
    """Numbers of images of a partition, by side."""
    partitions = cfg.get('partitions') or {}
    if name not in partitions:
        raise ValueError(
            f'{cfg.filename}: there is no partition {name!r}. Choose one of '
            f'{", ".join(partitions)} with --partition NAME.')
    counts = partitions[name]
    needed = {LABELED, UNLABELED} & set(sides)
    if cfg.get('epochs'):
        needed.add(cfg.epochs.get('images', UNLABELED))
    if any(type(counts.get(side)) is not int for side in needed):
        raise ValueError(
            f'{cfg.filename}: partitions[{name!r}]={dict(counts)} must give '
            f'the number of images of {" and ".join(sorted(needed))}, such as '
            'dict(labeled=92, unlabeled=10490).')
    return counts


def _length_settings(cfg: Config, name: str,
                     counts: dict[str, int]) -> dict[str, Any]:
    """All that is counted in epochs, by dotted key.

    Texts such as ``'1 epoch'`` are replaced in the config.
    """
    epochs = cfg.epochs
    if 'length' in epochs:
        length = _look_up(epochs.length, name, 'epochs.length')
    else:
        length = _compute_length(cfg, counts)
    count = epochs.count
    if isinstance(count, dict):
        count = _look_up(count, name, 'epochs.count')
    settings = _settings(cfg, count, length, epochs.get('validate', 1))
    settings['epoch'] = length
    for part in ('model', 'custom_hooks'):
        _fill_epochs(cfg.get(part), length)
    for key, stage in _stages_of(cfg):
        stage_epochs = stage.pop('epochs')
        length = _look_up(stage_epochs.length, name,
                          f'stages.{key}.epochs.length')
        settings[f'stages.{key}'] = _settings(
            cfg, stage_epochs.get('count', count), length, 1)
    return settings


def _stages_of(cfg: Config) -> Iterator[tuple[str, dict]]:
    """Stages whose length differs from the last one, by key."""
    for key, stage in (cfg.get('stages') or {}).items():
        if isinstance(stage, dict) and 'epochs' in stage:
            yield key, stage


def _look_up(table: dict[str, int], name: str, key: str) -> int:
    """A number of epochs or iterations from a table by partition."""
    if name not in table:
        raise ValueError(f'{key} has no partition {name!r}, only '
                         f'{", ".join(table)}; add it.')
    return table[name]


def _compute_length(cfg: Config, counts: dict[str, int]) -> int:
    """Iterations of an epoch, as a distributed sampler and loader count."""
    epochs = cfg.epochs
    missing = [key for key in ('count', 'processes') if key not in epochs]
    if missing:
        raise ValueError(f'{cfg.filename}: epochs={dict(epochs)} lacks '
                         f'{", ".join(missing)}.')
    side = epochs.get('images', UNLABELED)
    images = counts[side]
    batch = epochs.get('batch_size', side_batch_size(cfg, side))
    length = -(-images // epochs.processes) // batch
    if length < 1:
        raise ValueError(
            f'{cfg.filename}: {images} images do not fill one batch of '
            f'{batch} on each of {epochs.processes} processes; reduce '
            '`epochs.batch_size` and that of the loader.')
    return length


def _settings(cfg: Config, count: int, length: int,
              validate: int) -> dict[str, Any]:
    """What follows from the length of an epoch."""
    iterations, interval = count * length, validate * length
    return dict(
        train_cfg=dict(max_iters=iterations, val_interval=interval),
        default_hooks=dict(checkpoint=dict(interval=interval)),
        param_scheduler={
            str(index): _span(cfg.epochs.get('lag', 0), iterations)
            for index in range(len(cfg.param_scheduler))
        })


def _span(lag: int, iterations: int) -> dict[str, int]:
    """Where a schedule begins and ends that lags by some iterations."""
    # mmengine reaches the end one iteration before `end`.
    span = dict(end=iterations + 1 + lag)
    return dict(span, begin=lag) if lag else span


def _fill_epochs(node: Any, length: int) -> None:
    """Turn texts such as ``'2 epochs'`` into iterations, in place."""
    if not isinstance(node, (dict, list)):
        return
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(items):
        found = _EPOCHS.fullmatch(value) if isinstance(value, str) else None
        if found:
            node[key] = int(found[1]) * length
        else:
            _fill_epochs(value, length)
