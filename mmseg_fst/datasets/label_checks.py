"""Checks of labels as they leave a pipeline."""
from collections.abc import Sequence
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmseg.datasets import BaseSegDataset
from torch import Tensor

from .labels import CONVERT, show_values
from .sides import Side, parts_of


def format_size(size: Sequence[int]) -> str:
    """Size in words.

    Args:
        size (Sequence[int]): Height and width.

    Returns:
        str: Such as ``'640 x 480'``, width and height.
    """
    return f'{size[1]} x {size[0]}'


def check_ids(label: np.ndarray, num_classes: int, ignored: int,
              name: str) -> None:
    """Raise if a label has an id that is not a class.

    Args:
        label (np.ndarray): Ids of any shape, of an unsigned integer type or
            at least 0.
        num_classes (int): Number of classes.
        ignored (int): The id that stands for pixels without a label.
        name (str): What to call the label in messages.

    Raises:
        ValueError: If an id is neither a class nor ignored.
    """
    wrong = (label >= num_classes) & (label != ignored)
    if wrong.any():
        raise ValueError(
            f'{name} holds the label ids [{show_values(label[wrong])}] in '
            f'{wrong.mean():.1%} of its pixels, but there are {num_classes} '
            f'classes, 0 to {num_classes - 1}, and {ignored} to ignore. '
            f'{CONVERT}, set `reduce_zero_label=True` of the data set if its '
            'ids begin with 1, or correct its `metainfo`.')


def check_label(item: dict[str, Any], num_classes: int, ignored: int,
                size: tuple[int, int]) -> None:
    """Raise if a label has another size or an id that is not a class.

    Args:
        item (dict): As a pipeline packs it, with ``gt_sem_seg`` of shape
            (1, H, W) in ``data_samples``.
        num_classes (int): Number of classes.
        ignored (int): The id that stands for pixels without a label.
        size (tuple[int, int]): Height and width that the label must have.

    Raises:
        ValueError: If it has not, or an id is neither a class nor ignored.
    """
    sample = item['data_samples']
    label: Tensor = sample.gt_sem_seg.data
    if label.shape[-2:] != size:
        raise ValueError(
            f'{sample.img_path} and its label {sample.seg_map_path} are of '
            f'different sizes: {format_size(size)} and '
            f'{format_size(label.shape[-2:])} after the pipeline. Save the '
            'label at the size of the image.')
    check_ids(label.numpy(), num_classes, ignored,
              sample.get('seg_map_path', 'A label'))


class CheckLabel(BaseTransform):
    """The last step of a pipeline whose labels are only compared with.

    Without it a wrong id gives the score 0 or nan, without a word.

    Args:
        dataset (BaseSegDataset): The data set of the pipeline.
    """

    def __init__(self, dataset: BaseSegDataset) -> None:
        self.num_classes = len(dataset.metainfo['classes'])
        self.ignored = dataset.ignore_index

    def transform(self, results: dict) -> dict:
        """Check one item.

        Args:
            results (dict): As ``PackSegInputs`` returns it.

        Returns:
            dict: The same.

        Raises:
            ValueError: See :func:`check_label`. Predictions have the size
                ``ori_shape``, and so must the label.
        """
        sample = results['data_samples']
        if 'gt_sem_seg' in sample:
            check_label(results, self.num_classes, self.ignored,
                        tuple(sample.ori_shape))
        return results


def known_parts(side: Side) -> list[BaseSegDataset]:
    """The data sets of a side that are MMSegmentation's.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): The side.

    Returns:
        list[BaseSegDataset]: Those whose pipeline and files are known; other
        classes need not have any.
    """
    return [part for part in parts_of(side)
            if isinstance(part, BaseSegDataset)]


def check_labels_read(side: Side) -> None:
    """Have the labels of a data set checked whenever they are read.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): A data set for
            validation or test; its pipelines are changed, once.
    """
    for part in known_parts(side):
        steps = part.pipeline.transforms
        if part.metainfo.get('classes') and not any(
                isinstance(step, CheckLabel) for step in steps):
            steps.append(CheckLabel(part))
