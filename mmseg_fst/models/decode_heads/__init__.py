"""Decode heads that MMSegmentation lacks."""
from .daformer_head import DAFormerHead
from .deconv_head import DeconvHead
from .deeplabv2_head import DeepLabV2Head
from .deeplabv3plus_head import DeepLabV3PlusHead
from .dpt_head import PlainDPTHead
from .linear_segformer_head import LinearSegFormerHead
from .norm_linear_head import NormLinearHead
from .scale_attention_head import ScaleAttentionHead
from .shuffle_psp_head import ShufflePSPHead

__all__ = [
    'DAFormerHead', 'DeconvHead', 'DeepLabV2Head', 'DeepLabV3PlusHead',
    'LinearSegFormerHead', 'NormLinearHead', 'PlainDPTHead',
    'ScaleAttentionHead', 'ShufflePSPHead'
]
