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
from .class_bank import CrossBankContrast
from .contrastive_memory import ContrastiveMemory
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
from .directional_contrast import DirectionalContrast
from .losses import heads_of
from .mixers import ClassMix, CutMix, HalfCutMix, NoMix, UnlabeledClassMix
from .perturbations import ChannelDropout, ComplementaryDropout
from .projection import PixelProjection
from .protocols import Canvas, SlidingWindows, WholeImage
from .pseudo_filters import EntropyPercentile
from .pseudo_labelers import (
    ClassThreshold,
    Confidence,
    ConfidentRatio,
    Threshold,
)
from .region_contrast import RegionContrast
from .regularizers import FeatureDistance
from .strong_photometric import StrongPhotometric

__all__ = [
    'BlockMask', 'Canvas', 'ChannelDropout', 'ClassDiceLoss', 'ClassMix',
    'ClassThreshold', 'ComplementaryDropout', 'Confidence', 'ConfidentRatio',
    'ContrastiveMemory', 'CrossBankContrast', 'CutMix', 'DAFormerHead',
    'DCTInput', 'DCTMobileNetV2', 'DCTPretrained', 'DCTResNet',
    'DeepLabV2Head', 'DeepLabV3PlusHead', 'DirectionalContrast',
    'EntropyPercentile', 'FeatureDistance', 'HalfCutMix', 'NoMix',
    'PixelProjection', 'PlainDPTHead', 'RegionContrast', 'ResizedBEiT',
    'SelfTrainingDataPreProcessor', 'ShufflePSPHead', 'SlidingWindows',
    'StrongPhotometric', 'TIMMVisionTransformer', 'Threshold',
    'UnlabeledClassMix', 'WholeImage', 'fuse_attention', 'heads_of',
    'split_dilated'
]
