"""Batch sizes of single sides, as mmengine's data loader takes them."""
from mmengine.config import Config, ConfigDict


def side_batch_size(cfg: Config, side: str) -> int:
    """Images of a side in the training batch of one process.

    Args:
        cfg (Config): Config of a run.
        side (str): Name of the side.

    Returns:
        int: That of ``batch_sizes`` of the sampler, or else that of the
        loader.
    """
    loader = cfg.train_dataloader
    sizes = loader.get('sampler', {}).get('batch_sizes') or {}
    return sizes.get(side, loader.batch_size)


def apply_batch_sizes(cfg: Config) -> None:
    """Complete ``train_dataloader`` where sides differ in their batch size.

    ``batch_sizes`` of the sampler gets a number for each side, that of the
    loader where there was none; the loader gets a batch of as many items as
    the largest side has images, and a function that collates them. A config
    that is complete stays as it is.

    Args:
        cfg (Config): Config of a run. Changed in place.

    Raises:
        ValueError: If a number is given for a side that is not there.
    """
    loader = cfg.get('train_dataloader') or ConfigDict()
    sizes = (loader.get('sampler') or {}).get('batch_sizes')
    if not sizes:
        return
    sides = loader.dataset.sides
    unknown = sizes.keys() - sides.keys()
    if unknown:
        raise ValueError(
            f'train_dataloader.sampler.batch_sizes.{min(unknown)}: there is '
            f'no such side, only {", ".join(sides)}.')
    sizes = {name: side_batch_size(cfg, name)
             for name, side in sides.items() if side is not None}
    loader.sampler.batch_sizes = sizes
    loader.batch_size = max(sizes.values())
    loader.setdefault('collate_fn', dict(type='collate_sides'))
