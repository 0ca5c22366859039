"""What of a config depends on the list of labeled images alone."""
from typing import Any, Optional

from mmengine.config import Config

from mmseg_fst.datasets.sides import (
    LABELED,
    UNLABELED,
    name_sides,
    part_configs,
)

from .batch_sizes import side_batch_size
from .options import set_unless_given

#: Stands in ``ann_file`` for the name of the partition.
PARTITION = '{partition}'


def apply_partition(cfg: Config,
                    options: Optional[dict[str, Any]] = None) -> None:
    """Fill in the lists of a partition, and the length of its training.

    Cells of a table that differ by nothing else say so in one line::

        partition = dict(name='183', labeled=183, unlabeled=10399)
        epochs = dict(count=80, processes=4)        # of their base

    ``{partition}`` in ``ann_file`` becomes the name, the numbers of images
    are what is expected of the lists. With ``epochs``, iterations, validation
    and rates count as programs do that pass over the unlabeled images (or,
    without any, over the labeled ones) on so many ``processes``, each with
    the batch size of that side: what does not fill a batch is left out.
    ``validate`` of ``epochs`` counts those between validations, by default 1.

    Args:
        cfg (Config): A config; one without ``partition`` stays as it is.
        options (dict, optional): Options that were merged into it; their
            values stay. Defaults to None.

    Raises:
        ValueError: If a number is missing, or no batch is filled.
    """
    partition, epochs = cfg.get('partition'), cfg.get('epochs')
    if not partition:
        return
    dataset = cfg.train_dataloader.dataset
    there = name_sides(dataset.sides)
    # The number of images of a further side need not be given.
    sides = [name for name in there
             if name in (LABELED, UNLABELED) or name in partition]
    missing = [key for key in ('name', *sides) if key not in partition]
    if missing:
        raise ValueError(f'partition={dict(partition)} lacks {missing}: the '
                         'name of its folder and the numbers of images.')
    for side in there.values():
        for part in part_configs(side):
            if 'ann_file' in part:
                part['ann_file'] = part['ann_file'].replace(
                    PARTITION, str(partition.name))
    dataset.expected = {
        side: count
        for side, count in (dataset.get('expected') or {}).items()
        if side in sides
    }
    counts = {side: partition[side] for side in sides}
    settings: dict[str, Any] = {'train_dataloader.dataset.expected': counts}
    if epochs:
        settings.update(_length_settings(cfg, counts))
    set_unless_given(cfg, settings, options)


def _length_settings(cfg: Config, counts: dict[str, int]) -> dict[str, Any]:
    """What follows from the length of an epoch, by dotted key."""
    epochs = cfg.epochs
    if not {'count', 'processes'} <= set(epochs):
        raise ValueError(f'epochs={dict(epochs)} needs `count` and '
                         '`processes`.')
    passed = UNLABELED if UNLABELED in counts else LABELED
    images = -(-counts[passed] // epochs.processes)
    length = images // epochs.get('batch_size', side_batch_size(cfg, passed))
    if length < 1:
        raise ValueError(f'{counts[passed]} images do not fill one '
                         f'batch of {epochs.processes} processes; lower '
                         '`epochs.batch_size` and that of the loader.')
    iterations = epochs.count * length
    interval = epochs.get('validate', 1) * length
    return {
        'train_cfg': dict(max_iters=iterations, val_interval=interval),
        'default_hooks.checkpoint.interval': interval,
        # mmengine reaches the end one iteration before `end`.
        **{
            f'param_scheduler.{index}.end': iterations + 1
            for index in range(len(cfg.param_scheduler))
        }
    }
