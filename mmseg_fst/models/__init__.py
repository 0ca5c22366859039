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
from .beta_cut_mix import BetaCutMix
from .block_mask import BlockMask
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
from .guided_perturbations import ContextMask, GuidedCutout, ObjectMask
from .losses import heads_of
from .mean_network import MeanNetwork
from .mixers import ClassMix, CutMix, HalfCutMix, NoMix
from .perturbations import (
    AttentionDropout,
    ChannelDropout,
    ComplementaryDropout,
    FeatureNoise,
)
from .protocols import Canvas, SlidingWindows, WholeImage
from .pseudo_filters import EntropyPercentile
from .pseudo_labelers import (
    ClassThreshold,
    ConfidenceWeight,
    ConfidentRatio,
    Threshold,
)
from .regularizers import FeatureDistance
from .strong_photometric import StrongPhotometric
from .virtual_adversarial import VirtualAdversarial

__all__ = [
    'AttentionDropout', 'BetaCutMix', 'BlockMask', 'Canvas', 'ChannelDropout',
    'ClassDiceLoss', 'ClassMix', 'ClassThreshold', 'ComplementaryDropout',
    'ConfidenceWeight', 'ConfidentRatio', 'ContextMask', 'ContrastiveMemory',
    'CutMix', 'DAFormerHead', 'DCTInput', 'DCTMobileNetV2', 'DCTPretrained',
    'DCTResNet', 'DeepLabV2Head', 'DeepLabV3PlusHead', 'EntropyPercentile',
    'FeatureDistance', 'FeatureNoise', 'GuidedCutout', 'HalfCutMix',
    'MeanNetwork', 'NoMix', 'ObjectMask', 'PlainDPTHead', 'ResizedBEiT',
    'SelfTrainingDataPreProcessor', 'ShufflePSPHead', 'SlidingWindows',
    'StrongPhotometric', 'TIMMVisionTransformer', 'Threshold',
    'VirtualAdversarial', 'WholeImage', 'fuse_attention', 'heads_of',
    'split_dilated'
]
