"""Clothing Co-Parsing: photos of people, half of them without a label."""
from os import path as osp

import mmengine
from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS


@DATASETS.register_module()
class ClothingDataset(BaseSegDataset):
    """Clothing Co-Parsing (Yang et al. 2014) with 12 classes.

    The 59 original tags are merged. Images are ``images/ID.jpg``, labels
    ``labels/ID.png``; a split is a list of ids. 1094 of the 2098 photos have
    no label. See :class:`mmseg.datasets.BaseSegDataset` for further
    arguments.

    Args:
        extra_ann_file (str): Additional list of images without labels,
            relative to ``data_root``. Defaults to ``''``: none.
    """

    METAINFO = dict(
        classes=('background', 'skin', 'hair', 'top', 'outerwear', 'dress',
                 'trousers', 'skirt', 'legwear', 'footwear', 'bag',
                 'accessory'),
        palette=[[0, 0, 0], [255, 204, 170], [110, 60, 20], [220, 20, 60],
                 [0, 90, 200], [180, 0, 200], [20, 140, 60], [255, 140, 0],
                 [120, 120, 255], [240, 240, 0], [0, 200, 200],
                 [160, 160, 160]])

    def __init__(self, extra_ann_file: str = '', **kwargs) -> None:
        self.extra_ann_file = extra_ann_file
        super().__init__(**kwargs)

    def load_data_list(self) -> list[dict]:
        """Load the images of both lists.

        Returns:
            list[dict]: Entries as in the parent class; images of the
            additional list have no ``seg_map_path``.
        """
        data_list = super().load_data_list()
        if not self.extra_ann_file:
            return data_list
        path = osp.join(self.data_root or '', self.extra_ann_file)
        folder = self.data_prefix['img_path']
        return data_list + [
            dict(
                img_path=osp.join(folder, f'{name}{self.img_suffix}'),
                label_map=self.label_map,
                reduce_zero_label=self.reduce_zero_label,
                seg_fields=[]) for name in mmengine.list_from_file(path)
        ]
