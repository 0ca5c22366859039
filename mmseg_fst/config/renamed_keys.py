"""Older keys of a config, read as what they are called now."""
import re
from typing import Any, Optional

from mmengine.config import Config

from mmseg_fst.datasets.paired import PairedDataset
from mmseg_fst.datasets.sides import LABELED, UNLABELED

_PAIRED = ('PairedDataset', 'mmseg_fst.PairedDataset', PairedDataset)
_OLDER_SIDE = re.compile(
    rf'^(train_dataloader\.dataset)\.({LABELED}|{UNLABELED})(?=\.|$)')


def _paired(cfg: Config) -> Optional[dict[str, Any]]:
    """The training data of a config, if they are a PairedDataset."""
    dataset = (cfg.get('train_dataloader') or {}).get('dataset')
    if isinstance(dataset, dict) and dataset.get('type') in _PAIRED:
        return dataset
    return None


def upgrade_keys(cfg: Config, source: str) -> None:
    """Read ``labeled`` and ``unlabeled`` of a PairedDataset as its ``sides``.

    Args:
        cfg (Config): A config with its bases. Changed in place.
        source (str): Where it is from, for messages.

    Raises:
        ValueError: If it has both forms: nobody can tell then which of the
            files should win.
    """
    dataset = _paired(cfg)
    if dataset is None:
        return
    older = {name: dataset.pop(name) for name in (LABELED, UNLABELED)
             if name in dataset}
    if not older:
        return
    if 'sides' in dataset:
        name = next(iter(older))
        raise ValueError(
            f'{source}: train_dataloader.dataset has both `sides` and '
            f'`{name}`, which is the older form of `sides.{name}`; one of '
            f'them is from a base. Write dataset=dict(sides=dict({name}=...)) '
            f'in place of dataset=dict({name}=...).')
    dataset['sides'] = older


def upgrade_option(cfg: Config, key: str) -> str:
    """The key of an override in its present form.

    Args:
        cfg (Config): The config that is changed, after :func:`upgrade_keys`.
        key (str): Dotted key, such as
            ``'train_dataloader.dataset.labeled.data_root'``.

    Returns:
        str: Such as ``'train_dataloader.dataset.sides.labeled.data_root'``.
    """
    if _paired(cfg) is None:
        return key
    return _OLDER_SIDE.sub(r'\1.sides.\2', key)
