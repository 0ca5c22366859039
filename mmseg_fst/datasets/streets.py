"""The included data set: procedural streets in two domains."""
from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS
from mmseg_fst.streets.shapes import CLASSES, PALETTE


@DATASETS.register_module()
class StreetsDataset(BaseSegDataset):
    """One domain of the streets that ``tools/make_streets.py`` renders.

    The folders are named as in Cityscapes: ``leftImg8bit/SPLIT`` and
    ``gtFine/SPLIT``. See :class:`mmseg.datasets.BaseSegDataset` for further
    arguments.

    Args:
        img_suffix (str): Suffix of images. Defaults to
            ``'_leftImg8bit.jpg'``.
        seg_map_suffix (str): Suffix of labels. Defaults to
            ``'_gtFine_labelTrainIds.png'``.
    """

    METAINFO = dict(classes=CLASSES, palette=PALETTE)

    def __init__(self,
                 img_suffix: str = '_leftImg8bit.jpg',
                 seg_map_suffix: str = '_gtFine_labelTrainIds.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
