"""Street scenes with the 19 classes of Cityscapes.

Only the suffixes of the files differ. MMSegmentation already includes Dark
Zurich, Night Driving and BDD100K.
"""
from mmseg.datasets import CityscapesDataset

from mmseg_fst.registry import DATASETS


@DATASETS.register_module()
class GTADataset(CityscapesDataset):
    """GTA V, "Playing for Data" (Richter et al. 2016).

    Images are ``images/ID.png``, labels ``labels/ID_labelTrainIds.png``, as
    ``tools/dataset_converters/gta.py`` and the converters of DAFormer and FST
    write them. See :class:`mmseg.datasets.BaseSegDataset` for further
    arguments.

    Args:
        img_suffix (str): Suffix of images. Defaults to ``'.png'``.
        seg_map_suffix (str): Suffix of labels. Defaults to
            ``'_labelTrainIds.png'``.
    """

    def __init__(self,
                 img_suffix: str = '.png',
                 seg_map_suffix: str = '_labelTrainIds.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)


@DATASETS.register_module()
class SynthiaDataset(GTADataset):
    """SYNTHIA, RAND-CITYSCAPES (Ros et al. 2016).

    16 of the 19 classes are labeled: terrain, truck and train are missing.
    Labels use the ids of all 19 classes, so that a network has 19 outputs as
    with other source domains. Evaluate with ``SynthiaIoUMetric``. Images are
    ``RGB/ID.png``, labels ``GT/LABELS/ID_labelTrainIds.png``. See
    :class:`GTADataset` for the arguments.
    """


@DATASETS.register_module()
class ACDCDataset(CityscapesDataset):
    """Adverse Conditions Dataset (Sakaridis et al. 2021).

    Fog, night, rain and snow. See :class:`GTADataset` for the arguments.
    """

    def __init__(self,
                 img_suffix: str = '_rgb_anon.png',
                 seg_map_suffix: str = '_gt_labelTrainIds.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)


@DATASETS.register_module()
class MapillaryTrainIdsDataset(CityscapesDataset):
    """Mapillary Vistas 1.2 (Neuhold et al. 2017) on the classes of Cityscapes.

    Labels are converted by ``tools/dataset_converters/mapillary.py``;
    ``MapillaryDataset_v1`` of MMSegmentation has the original 65 classes. See
    :class:`GTADataset` for the arguments.
    """

    def __init__(self,
                 img_suffix: str = '.jpg',
                 seg_map_suffix: str = '_labelTrainIds.png',
                 **kwargs) -> None:
        super().__init__(
            img_suffix=img_suffix, seg_map_suffix=seg_map_suffix, **kwargs)
