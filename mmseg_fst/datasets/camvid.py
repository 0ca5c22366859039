"""CamVid with 11 classes, and LabelMeFacade on the shared classes."""
from typing import Optional

from mmseg.datasets import BaseSegDataset

from mmseg_fst.registry import DATASETS

_SHARED = {  # id of LabelMeFacade on disk -> id in its METAINFO
    0: 1,  # building
    1: 5,  # car
    2: 1,  # door
    3: 3,  # pavement
    4: 2,  # road
    5: 0,  # sky
    6: 4,  # vegetation
    7: 1,  # window
}


@DATASETS.register_module()
class CamVidDataset(BaseSegDataset):
    """CamVid (Brostow et al. 2008) in the 11-class form of SegNet.

    ``tools/streetgen`` renders frames in the same format. Images are
    ``images/ID.jpg``, labels ``labels/ID.png``; a split is a list of ids. See
    :class:`mmseg.datasets.BaseSegDataset` for the arguments.
    """

    METAINFO = dict(
        classes=('sky', 'building', 'pole', 'road', 'sidewalk', 'tree',
                 'sign', 'fence', 'car', 'pedestrian', 'bicyclist'),
        palette=[[128, 128, 128], [128, 0, 0], [192, 192, 128],
                 [128, 64, 128], [60, 40, 222], [128, 128, 0],
                 [192, 128, 128], [64, 64, 128], [64, 0, 128], [64, 64, 0],
                 [0, 128, 192]])


@DATASETS.register_module()
class LabelMeFacadeDataset(BaseSegDataset):
    """LabelMeFacade (Froehlich et al. 2010) on the 6 classes of CamVid.

    Doors and windows count as building. See
    :class:`mmseg.datasets.BaseSegDataset` for the arguments.
    """

    METAINFO = dict(
        classes=('sky', 'building', 'road', 'sidewalk', 'tree', 'car'),
        palette=[[128, 128, 128], [128, 0, 0], [128, 64, 128],
                 [60, 40, 222], [128, 128, 0], [64, 0, 128]])

    @classmethod
    def get_label_map(cls,
                      new_classes: Optional[tuple[str, ...]] = None
                      ) -> dict[int, int]:
        """Map ids on disk to ids of ``METAINFO``.

        Args:
            new_classes (tuple[str, ...], optional): Not supported here.
                Defaults to None.

        Returns:
            dict[int, int]: Id in ``METAINFO`` by id on disk.
        """
        return _SHARED
