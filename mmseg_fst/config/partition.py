"""What of a config depends on the list of labeled images alone."""
from mmengine.config import Config

from mmseg_fst.datasets.sides import (
    LABELED,
    UNLABELED,
    name_sides,
    part_configs,
)

from .batch_sizes import side_batch_size

#: Stands in ``ann_file`` for the name of the partition.
PARTITION = '{partition}'


def apply_partition(cfg: Config) -> None:
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
    dataset.expected = {side: partition[side] for side in sides}
    if not epochs:
        return
    if not {'count', 'processes'} <= set(epochs):
        raise ValueError(f'epochs={dict(epochs)} needs `count` and '
                         '`processes`.')
    passed = UNLABELED if UNLABELED in sides else LABELED
    images = -(-partition[passed] // epochs.processes)
    length = images // epochs.get('batch_size', side_batch_size(cfg, passed))
    if length < 1:
        raise ValueError(f'{partition[passed]} images do not fill one '
                         f'batch of {epochs.processes} processes; lower '
                         '`epochs.batch_size` and that of the loader.')
    iterations = epochs.count * length
    interval = epochs.get('validate', 1) * length
    cfg.train_cfg.update(max_iters=iterations, val_interval=interval)
    cfg.default_hooks.checkpoint.interval = interval
    for scheduler in cfg.param_scheduler:
        scheduler.end = iterations + 1  # of which mmengine takes 1 away
