"""Segmentors and the parts that a method is put together from."""
from .adaptive_mixers import AdaptiveCopyPaste, AdaptiveCutMix
from .allspark_neck import AllSparkNeck
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
from .beta_cut_mix import BetaCutMix
from .block_mask import BlockMask, TokenMask
from .class_bank import CrossBankContrast
from .class_confidence import ClassConfidence
from .confidence_threshold import ConfidenceThreshold
from .contrastive_memory import ContrastiveMemory
from .correlation_head import CorrelationHead
from .crop_contrast import CropContrast
from .data_preprocessor import SelfTrainingDataPreProcessor
from .decode_heads import (
    DAFormerHead,
    DeconvHead,
    DeepLabV2Head,
    DeepLabV3PlusHead,
    LinearSegFormerHead,
    NormLinearHead,
    PlainDPTHead,
    ScaleAttentionHead,
    ShufflePSPHead,
)
from .dice_loss import ClassDiceLoss
from .dilated import split_dilated
from .directional_contrast import DirectionalContrast
from .error_localizer import ErrorLocalizer
from .flaw_detector import FlawDetector
from .guided_perturbations import ContextMask, GuidedCutout, ObjectMask
from .losses import heads_of
from .mean_network import MeanNetwork
from .mixers import ClassMix, CutMix, HalfCutMix, NoMix, UnlabeledClassMix
from .multi_box_mix import MultiBoxCutMix, MultiBoxMix
from .multi_scale_segmentor import MultiScaleSegmentor
from .noise_cut_out import NoiseCutOut
from .perturbations import (
    AttentionDropout,
    ChannelDropout,
    ComplementaryDropout,
    FeatureNoise,
)
from .previous_students import PreviousStudents
from .projection import PixelProjection
from .protocols import Canvas, MultiScale, SlidingWindows, WholeImage
from .pseudo_filters import EntropyPercentile
from .pseudo_labelers import (
    ClassThreshold,
    ConfidenceWeight,
    ConfidentRatio,
    Threshold,
)
from .rand_augment import RandAugment
from .region_contrast import RegionContrast
from .regularizers import FeatureDistance
from .self_correction_loss import SelfCorrectionLoss
from .split_batch_norm import SplitBatchNorm
from .strong_photometric import StrongPhotometric
from .virtual_adversarial import VirtualAdversarial

__all__ = [
    'AdaptiveCopyPaste', 'AdaptiveCutMix', 'AllSparkNeck',
    'AttentionDropout', 'BalancedCrossEntropy', 'BetaCutMix', 'BlockMask',
    'Canvas', 'ChannelDropout', 'ClassConfidence', 'ClassDiceLoss',
    'ClassMix', 'ClassThreshold', 'ComplementaryDropout',
    'ConfidenceThreshold', 'ConfidenceWeight', 'ConfidentRatio',
    'ContextMask', 'ContrastiveMemory', 'CorrelationHead', 'CropContrast',
    'CrossBankContrast', 'CutMix', 'DAFormerHead', 'DCTInput',
    'DCTMobileNetV2', 'DCTPretrained', 'DCTResNet', 'DeconvHead',
    'DeepLabV2Head', 'DeepLabV3PlusHead', 'DirectionalContrast',
    'EntropyPercentile', 'ErrorLocalizer', 'FeatureDistance',
    'FeatureNoise', 'FlawDetector', 'GuidedCutout', 'HalfCutMix',
    'LinearSegFormerHead', 'MeanNetwork', 'MultiBoxCutMix', 'MultiBoxMix',
    'MultiScale', 'MultiScaleSegmentor', 'NoMix', 'NoiseCutOut',
    'NormLinearHead', 'ObjectMask', 'PixelProjection', 'PlainDPTHead',
    'PreviousStudents', 'RandAugment', 'RegionContrast', 'ResizedBEiT',
    'ScaleAttentionHead', 'SelfCorrectionLoss',
    'SelfTrainingDataPreProcessor', 'ShufflePSPHead', 'SlidingWindows',
    'SplitBatchNorm', 'StrongPhotometric', 'TIMMVisionTransformer',
    'Threshold', 'TokenMask', 'UnlabeledClassMix', 'VirtualAdversarial',
    'WholeImage', 'fuse_attention', 'heads_of', 'split_dilated'
]
