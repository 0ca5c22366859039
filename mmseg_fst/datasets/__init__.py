"""Data sets, samplers and transforms."""
from .camvid import CamVidDataset, LabelMeFacadeDataset
from .cityscapes_like import (
    ACDCDataset,
    GTADataset,
    MapillaryTrainIdsDataset,
    SynthiaDataset,
)
from .clothing import ClothingDataset
from .collate import collate_sides
from .cropping import ClassCrop, FactorResizedCrop, HistogramCrop
from .formatting import PackByteInputs
from .geometry import PadToCrop, RandomFactorResize
from .labels import LoadAnnotations
from .listed import ListedDataset
from .loading import LoadWholeImage
from .margins import PseudoLabelMargins
from .overlap import OverlappingCrops
from .paired import PairedDataset
from .rare_class import RareClassSampling
from .samplers import PairedSampler
from .streets import StreetsDataset
from .unlabeled_folder import UnlabeledFolderDataset

__all__ = [
    'ACDCDataset', 'CamVidDataset', 'ClassCrop', 'ClothingDataset',
    'FactorResizedCrop',
    'GTADataset', 'HistogramCrop', 'LabelMeFacadeDataset', 'ListedDataset',
    'LoadAnnotations', 'LoadWholeImage', 'MapillaryTrainIdsDataset',
    'OverlappingCrops', 'PackByteInputs', 'PadToCrop', 'PairedDataset',
    'PairedSampler', 'PseudoLabelMargins', 'RandomFactorResize',
    'RareClassSampling', 'StreetsDataset', 'SynthiaDataset',
    'UnlabeledFolderDataset', 'collate_sides'
]
