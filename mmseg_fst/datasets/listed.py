"""A data set whose list contains the path of every file."""
from os import path as osp

from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.file_patterns import IMAGE_ENDINGS
from mmseg_fst.utils.files import read_lines


@DATASETS.register_module()
class ListedDataset(BaseSegDataset):
    """Images and labels with arbitrary names, extensions and folders.

    Each line of ``ann_file`` contains the path of an image relative to
    ``data_prefix['img_path']`` and, for a labeled image, a tab and the path of
    the label relative to ``data_prefix['seg_map_path']``.
    ``tools/new_task.py`` writes such lists. See
    :class:`mmseg.datasets.BaseSegDataset` for further arguments.

    Args:
        img_suffix (tuple[str, ...]): Extensions of images, used only in
            messages. Defaults to ``IMAGE_ENDINGS``.

    Example:
        >>> dataset = ListedDataset(
        ...     ann_file='train.txt', data_root='data/mine',
        ...     data_prefix=dict(img_path='images', seg_map_path='labels'))
    """

    def __init__(self,
                 img_suffix: tuple[str, ...] = IMAGE_ENDINGS,
                 **kwargs) -> None:
        super().__init__(img_suffix=tuple(img_suffix), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the list.

        Returns:
            list[dict]: ``img_path``, ``seg_map_path`` for labeled images, and
            the fields that MMSegmentation's loading requires.
        """
        data_list = []
        labels = self.data_prefix.get('seg_map_path')
        for line in read_lines(self.ann_file):
            image, _, label = line.partition('\t')
            info = dict(
                img_path=osp.join(self.data_prefix['img_path'], image),
                label_map=self.label_map,
                reduce_zero_label=self.reduce_zero_label,
                seg_fields=[])
            if label and labels is not None:
                info['seg_map_path'] = osp.join(labels, label)
            data_list.append(info)
        return data_list
