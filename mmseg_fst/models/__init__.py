"""Segmentors and the parts that a method is put together from."""
from .attention import fuse_attention
from .backbones import (
    DCTInput,
    DCTMobileNetV2,
    DCTPretrained,
    DCTResNet,
    ResizedBEiT,
    TIMMVisionTransformer,
)
from .block_mask import BlockMask
from .contrastive_memory import ContrastiveMemory
from .crop_contrast import CropContrast
from .data_preprocessor import SelfTrainingDataPreProcessor
from .decode_heads import (
    DAFormerHead,
    DeepLabV2Head,
    DeepLabV3PlusHead,
    PlainDPTHead,
    ShufflePSPHead,
)
from .dice_loss import ClassDiceLoss
from .dilated import split_dilated
from .error_localizer import ErrorLocalizer
from .flaw_detector import FlawDetector
from .losses import heads_of
from .mixers import ClassMix, CutMix, HalfCutMix, NoMix
from .perturbations import ChannelDropout, ComplementaryDropout
from .protocols import Canvas, SlidingWindows, WholeImage
from .pseudo_filters import EntropyPercentile
from .pseudo_labelers import ClassThreshold, ConfidentRatio, Threshold
from .regularizers import FeatureDistance
from .strong_photometric import StrongPhotometric

__all__ = [
    'BlockMask', 'Canvas', 'ChannelDropout', 'ClassDiceLoss', 'ClassMix',
    'ClassThreshold', 'ComplementaryDropout', 'ConfidentRatio',
    'ContrastiveMemory', 'CropContrast', 'CutMix', 'DAFormerHead', 'DCTInput',
    'DCTMobileNetV2', 'DCTPretrained', 'DCTResNet', 'DeepLabV2Head',
    'DeepLabV3PlusHead', 'EntropyPercentile', 'ErrorLocalizer',
    'FeatureDistance', 'FlawDetector', 'HalfCutMix', 'NoMix', 'PlainDPTHead',
    'ResizedBEiT', 'SelfTrainingDataPreProcessor', 'ShufflePSPHead',
    'SlidingWindows', 'StrongPhotometric', 'TIMMVisionTransformer',
    'Threshold', 'WholeImage', 'fuse_attention', 'heads_of', 'split_dilated'
]
