"""Segmentors and the parts that a method is put together from."""
from .adaptive_mixers import AdaptiveCopyPaste, AdaptiveCutMix
from .attention import fuse_attention
from .backbones import (
    DCTInput,
    DCTMobileNetV2,
    DCTPretrained,
    DCTResNet,
    ResizedBEiT,
    TIMMVisionTransformer,
)
from .balanced_loss import BalancedCrossEntropy
from .block_mask import BlockMask
from .class_confidence import ClassConfidence
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
from .multi_box_mix import MultiBoxMix
from .noise_cut_out import NoiseCutOut
from .perturbations import ChannelDropout, ComplementaryDropout
from .protocols import Canvas, MultiScale, SlidingWindows, WholeImage
from .pseudo_filters import EntropyPercentile
from .pseudo_labelers import (
    ClassThreshold,
    ConfidentRatio,
    PowerOfConfidence,
    Threshold,
)
from .rand_augment import RandAugment
from .regularizers import FeatureDistance
from .self_correction_loss import SelfCorrectionLoss
from .split_batch_norm import SplitBatchNorm
from .strong_photometric import StrongPhotometric

__all__ = [
    'AdaptiveCopyPaste', 'AdaptiveCutMix', 'BalancedCrossEntropy', 'BlockMask',
    'Canvas', 'ChannelDropout', 'ClassConfidence', 'ClassDiceLoss', 'ClassMix',
    'ClassThreshold', 'ComplementaryDropout', 'ConfidentRatio',
    'ContrastiveMemory', 'CropContrast', 'CutMix', 'DAFormerHead', 'DCTInput',
    'DCTMobileNetV2', 'DCTPretrained', 'DCTResNet', 'DeepLabV2Head',
    'DeepLabV3PlusHead', 'EntropyPercentile', 'ErrorLocalizer',
    'FeatureDistance', 'FlawDetector', 'HalfCutMix', 'MultiBoxMix',
    'MultiScale', 'NoMix', 'NoiseCutOut', 'PlainDPTHead', 'PowerOfConfidence',
    'RandAugment', 'ResizedBEiT', 'SelfCorrectionLoss',
    'SelfTrainingDataPreProcessor', 'ShufflePSPHead', 'SlidingWindows',
    'SplitBatchNorm', 'StrongPhotometric', 'TIMMVisionTransformer',
    'Threshold', 'WholeImage', 'fuse_attention', 'heads_of', 'split_dilated'
]
