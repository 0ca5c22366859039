"""Scores by class of a validation or a test, as files contain them."""
import csv
from collections.abc import Sequence
from math import isfinite
from os import path as osp
from typing import Any, Optional

from mmengine.dataset import BaseDataset
from torch import Tensor

from mmseg_fst.datasets.sides import parts_of
from mmseg_fst.ops import scores_by_class
from mmseg_fst.utils.files import atomic_write


def scores_of(loop: Any) -> dict[str, dict[str, dict[str, Optional[float]]]]:
    """Scores by class of each network in the last run of a loop.

    Args:
        loop (BaseLoop): A loop for validation or test.

    Returns:
        dict[str, dict[str, dict[str, float | None]]]: By network and class
        the scores of :func:`mmseg_fst.ops.scores_by_class`, in percent,
        rounded to 4 digits; None for NaN, which JSON lacks. Empty if the loop
        has counted no confusion matrix, see :class:`NetworksValLoop`.
    """
    return {
        network: _named(scores_by_class(matrix), _classes(loop))
        for network, matrix in getattr(loop, 'confusion', {}).items()
    }


def _named(scores: dict[str, Tensor], classes: Sequence[str]
           ) -> dict[str, dict[str, Optional[float]]]:
    """Scores by the name of the class, from tensors of shape (C,)."""
    return {
        class_name: {
            name: round(value, 4) if isfinite(value) else None
            for name, value in zip(scores, values)
        }
        for class_name, *values in zip(
            classes, *(value.tolist() for value in scores.values()))
    }


def write_matrices(loop: Any, folder: str) -> None:
    """Write the confusion matrices of the last run of a loop as CSV.

    Args:
        loop (BaseLoop): See :func:`scores_of`.
        folder (str): Gets ``confusion_NETWORK.csv``. Rows are labels, columns
            predictions, in pixels; the last of each is called ``other`` and
            counts ids that are not classes.
    """
    for network, matrix in getattr(loop, 'confusion', {}).items():
        names = [*_classes(loop), 'other']
        path = osp.join(folder, f'confusion_{network}.csv')
        with atomic_write(path) as temporary:
            with open(temporary, 'w', newline='') as file:
                writer = csv.writer(file)
                writer.writerow(['label / prediction', *names])
                writer.writerows([name, *row] for name, row in zip(
                    names, matrix.tolist()))


def _classes(loop: Any) -> Sequence[str]:
    """Names of the classes of the data set of a loop."""
    return loop.dataloader.dataset.metainfo['classes']


def describe_data(dataset: BaseDataset) -> dict[str, Any]:
    """Name a data set that is scored.

    Args:
        dataset (BaseDataset): The data set, or a concatenation.

    Returns:
        dict[str, Any]: ``name``, the class without ``Dataset`` or, if the
        class fits any data, the folder; ``split``, the name of the list or of
        the folder of the images; ``images``, their number; and ``classes``,
        their number. Of a concatenation all names, joined by ``+``.
    """
    parts = parts_of(dataset)
    return dict(
        name='+'.join(dict.fromkeys(map(_name_of, parts))),
        split='+'.join(dict.fromkeys(map(_split_of, parts))),
        images=len(dataset),
        classes=len(dataset.metainfo.get('classes', ())))


def _name_of(dataset: BaseDataset) -> str:
    """Name of a data set."""
    kind = type(dataset).__name__
    root = osp.basename(osp.normpath(getattr(dataset, 'data_root', None)
                                     or ''))
    if kind in ('ListedDataset', 'BaseSegDataset') and root not in ('', '.'):
        return root
    return kind.removesuffix('Dataset')


def _split_of(dataset: BaseDataset) -> str:
    """Name of the list of a data set, or of the folder of its images."""
    prefix = getattr(dataset, 'data_prefix', {}).get('img_path') or ''
    source = getattr(dataset, 'ann_file', '') or prefix.rstrip(osp.sep)
    return osp.splitext(osp.basename(source))[0]
