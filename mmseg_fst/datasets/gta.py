"""GTA V, "Playing for Data" (Richter et al. 2016)."""
from mmseg.datasets import CityscapesDataset

from mmseg_fst.registry import DATASETS


@DATASETS.register_module()
class GTADataset(CityscapesDataset):
    """GTA with the 19 classes of Cityscapes.

    Images are ``images/ID.png``, labels ``labels/ID_labelTrainIds.png``, as
    the converters of DAFormer and FST leave them. See
    :class:`mmseg.datasets.BaseSegDataset` for further arguments.

    Args:
        img_suffix (str): Ending of images. Defaults to ``'.png'``.
        seg_map_suffix (str): Ending of labels. Defaults to
            ``'_labelTrainIds.png'``.
    """

    def __init__(self,
                 img_suffix: str = '.png',
                 seg_map_suffix: str = '_labelTrainIds.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
