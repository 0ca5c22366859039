"""Data sets, samplers and transforms."""
from .camvid import CamVidDataset, LabelMeFacadeDataset
from .gta import GTADataset
from .loading import LoadWholeImage
from .paired import PairedDataset
from .rare_class import RareClassSampling
from .samplers import PairedSampler
from .streets import StreetsDataset

__all__ = [
    'CamVidDataset', 'GTADataset', 'LabelMeFacadeDataset', 'LoadWholeImage',
    'PairedDataset', 'PairedSampler', 'RareClassSampling', 'StreetsDataset'
]
