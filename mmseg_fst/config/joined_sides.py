"""Which sides of a batch are there: labels of any number of domains."""
from typing import Any

from mmengine.config import Config, ConfigDict

from mmseg_fst.datasets.sides import LABELED, UNLABELED


def apply_joined_sides(cfg: Config) -> None:
    """Leave sides that are missing out of ``joined`` of the training data.

    A side joins another one, see :class:`mmseg_fst.datasets.PairedDataset`::

        sides = dict(labeled=dict(...), target_labeled=dict(...),
                     unlabeled=dict(...))
        joined = dict(target_labeled='labeled')

    If it is None, it no longer does: without ``target_labeled`` this is
    unsupervised domain adaptation. If the side that it joins is None or
    missing, it takes that name and place: without ``labeled``, the source,
    this is semi-supervised learning on the target. Both configs then equal
    a config without ``joined``.

    Args:
        cfg (Config): Config of a run. Changed in place; a config in which all
            sides are there stays as it is.
    """
    loader = cfg.get('train_dataloader') or {}
    dataset = loader.get('dataset')
    if not isinstance(dataset, ConfigDict) or not dataset.get('joined'):
        return
    joined, sides = dataset.joined, dataset.sides
    present = {name: main for name, main in joined.items()
               if name not in sides or sides[name] is not None}
    for name, main in list(present.items()):
        is_missing = sides.get(main) is None and (
            main in sides or main in (LABELED, UNLABELED))
        if name in sides and is_missing:
            _rename_side(loader, name, main)
            del present[name]
    dataset.joined = present
    if not present:
        del dataset['joined']


def _rename_side(loader: dict[str, Any], name: str, main: str) -> None:
    """Let a side be the one that it would have joined."""
    dataset = loader['dataset']
    tables = [dataset['sides'], dataset.get('expected'),
              dataset.get('labels_for_diagnosis')]
    for table in tables:
        if isinstance(table, dict) and name in table:
            table[main] = table.pop(name)
    if isinstance(dataset.get('disjoint'), (list, tuple)):
        dataset['disjoint'] = [
            [main if side == name else side for side in pair]
            for pair in dataset['disjoint']
        ]
    # Its share of a batch no longer leaves room for the other side.
    sizes = (loader.get('sampler') or {}).get('batch_sizes') or {}
    sizes.pop(name, None)
