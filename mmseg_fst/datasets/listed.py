"""A data set whose list names every file."""
from os import path as osp

import mmengine
from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS
from mmseg_fst.utils.file_patterns import IMAGE_ENDINGS


@DATASETS.register_module()
class ListedDataset(BaseSegDataset):
    """Images and labels of any names, endings and folders.

    A line of ``ann_file`` is the path of an image below
    ``data_prefix['img_path']`` and, where it has a label, a tab and the path
    of the label below ``data_prefix['seg_map_path']``.
    ``tools/new_task.py`` writes such lists. See
    :class:`mmseg.datasets.BaseSegDataset` for further arguments.

    Args:
        img_suffix (tuple[str, ...]): Endings of images, for messages alone.
            Defaults to those that OpenCV reads.
    """

    def __init__(self,
                 img_suffix: tuple[str, ...] = IMAGE_ENDINGS,
                 **kwargs) -> None:
        super().__init__(img_suffix=tuple(img_suffix), **kwargs)

    def load_data_list(self) -> list[dict]:
        """Read the list.

        Returns:
            list[dict]: ``img_path``, ``seg_map_path`` where there is a label,
            and what the loading of MMSegmentation asks for.
        """
        data_list = []
        labels = self.data_prefix.get('seg_map_path')
        for line in mmengine.list_from_file(self.ann_file):
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
