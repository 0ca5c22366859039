"""Data sets, samplers and transforms."""
from .camvid import CamVidDataset, LabelMeFacadeDataset
from .cityscapes_like import (ACDCDataset, GTADataset,
                              MapillaryTrainIdsDataset, SynthiaDataset)
from .loading import LoadWholeImage
from .paired import PairedDataset
from .rare_class import RareClassSampling
from .samplers import PairedSampler
from .streets import StreetsDataset

__all__ = [
    'ACDCDataset', 'CamVidDataset', 'GTADataset', 'LabelMeFacadeDataset',
    'LoadWholeImage', 'MapillaryTrainIdsDataset', 'PairedDataset',
    'PairedSampler', 'RareClassSampling', 'StreetsDataset', 'SynthiaDataset'
]
