"""Representations of pixels beside their logits, for contrastive losses."""
from collections.abc import Sequence
from typing import Any, NamedTuple, Optional

import torch
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from torch import Tensor, nn

from mmseg_fst.registry import MODELS

from .losses import decoded_logits, represent


class PixelView(NamedTuple):
    """What a network says of the pixels of a batch.

    Attributes:
        logits (Tensor): Logits of shape (N, C, h, w), not resized.
        representation (Tensor): Representations of shape (N, D, h, w).
    """
    logits: Tensor
    representation: Tensor


@MODELS.register_module()
class PixelProjection(nn.Sequential):
    """Two 1x1 convolutions, with ReLU between them, on features of pixels.

    The projector of CAC (Lai et al., CVPR 2021, section 4.1).

    Args:
        in_channels (int): Channels of the features.
        channels (int): Channels D of the representation. Defaults to 128.
        normalize (bool): Whether representations are unit vectors. Defaults
            to False.

    Raises:
        ValueError: If ``channels`` is not positive.
    """

    def __init__(self, in_channels: int, channels: int = 128,
                 normalize: bool = False) -> None:
        if channels < 1:
            raise ValueError('PixelProjection: channels must be a positive '
                             f'integer, got {channels}.')
        super().__init__(
            nn.Conv2d(in_channels, in_channels, 1), nn.ReLU(inplace=True),
            nn.Conv2d(in_channels, channels, 1))
        self.channels = channels
        self.normalize = normalize

    def forward(self, features: Tensor) -> Tensor:
        """Represent pixels.

        Args:
            features (Tensor): Of shape (N, in_channels, h, w).

        Returns:
            Tensor: Of shape (N, channels, h, w).
        """
        representation = super().forward(features)
        if self.normalize:
            return nn.functional.normalize(representation, dim=1)
        return representation


def classified_features(head: BaseDecodeHead, features: Sequence[Tensor],
                        dropped: bool = False) -> PixelView:
    """Logits of a head, and the features that its last layer classifies.

    Args:
        head (BaseDecodeHead): A head with the classifier ``conv_seg``, as
            heads of MMSegmentation have.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.
        dropped (bool): Whether the features are taken behind the dropout of
            the head, where it has one. Defaults to False.

    Returns:
        PixelView: Logits (N, C, h, w) and features (N, channels, h, w).

    Raises:
        ValueError: If the head has no ``conv_seg``.
    """
    check_classifier(head)
    layer: nn.Module = head.conv_seg
    if head.dropout is not None and not dropped:
        layer = head.dropout
    inputs: list[Tensor] = []
    handle = layer.register_forward_pre_hook(
        lambda module, arguments: inputs.append(arguments[0]))
    try:
        logits = head(features)
    finally:
        handle.remove()
    return PixelView(logits, inputs[-1])


def see_pixels(network: Any,
               image: Tensor) -> tuple[dict[str, Tensor], PixelView]:
    """Logits of a network, and the features that it classifies.

    Args:
        network (EncoderDecoder): A segmentor of MMSegmentation.
        image (Tensor): Images of shape (N, C, H, W).

    Returns:
        tuple: Logits (N, C, H, W) by head, and the view of the decode head
        with the features behind its dropout.
    """

    def decode(head: BaseDecodeHead,
               features: Sequence[Tensor]) -> tuple[Tensor, PixelView]:
        view = classified_features(head, features, dropped=True)
        return view.logits, view

    return decoded_logits(
        network, network.extract_feat(image), image.shape[2:], decode)


def check_classifier(head: BaseDecodeHead) -> None:
    """Raise unless the last layer of a head is its ``conv_seg``.

    Args:
        head (BaseDecodeHead): The head.

    Raises:
        ValueError: If it has none.
    """
    if getattr(head, 'conv_seg', None) is None:
        raise ValueError(
            f'{type(head).__name__} has no classifier `conv_seg`, whose '
            'inputs are the features of pixels; give the segmentor another '
            'decode head, such as DeepLabV3PlusHead or FCNHead.')


def view_pixels(head: BaseDecodeHead, features: Sequence[Tensor],
                projection: Optional[nn.Module]) -> tuple[Tensor, PixelView]:
    """Logits of a head, and its view of each pixel.

    Args:
        head (BaseDecodeHead): A head whose forward returns logits.
        features (Sequence[Tensor]): Feature maps of the backbone or neck.
        projection (nn.Module, optional): Represents the features that the
            head classifies. None: the head itself represents pixels.

    Returns:
        tuple: Logits of shape (N, C, h, w), and the view, whose logits they
        are.
    """
    if projection is None:
        view = PixelView(*represent(head, features))
    else:
        view = classified_features(head, features)
        view = view._replace(representation=projection(view.representation))
    return view.logits, view


def build_projection(config: Optional[dict], head: BaseDecodeHead,
                     owner: object) -> dict[str, nn.Module]:
    """Build the networks beside a student that represent its pixels.

    Args:
        config (dict, optional): Config of a :class:`PixelProjection`, without
            ``in_channels``. None: the head represents pixels itself.
        head (BaseDecodeHead): The decode head of the student.
        owner (object): The method, which errors name.

    Returns:
        dict[str, nn.Module]: ``projection_head``, or nothing. Its name is
        that of a head, for the learning rates of schedules.

    Raises:
        ValueError: If neither of them represents pixels.
    """
    if config is not None:
        check_classifier(head)
        return dict(projection_head=MODELS.build(
            dict(config, in_channels=head.conv_seg.in_channels)))
    if not getattr(head, 'representation_channels', None):
        raise ValueError(
            f'{type(owner).__name__} needs a representation of pixels: give '
            "`model.projection`, such as dict(type='PixelProjection'), or "
            'the decode head `representation_channels`.')
    return {}


def cat_views(views: Sequence[PixelView]) -> PixelView:
    """Concatenate views of several batches.

    Args:
        views (Sequence[PixelView]): The views.

    Returns:
        PixelView: Of the images of all, in order.
    """
    return PixelView(*(torch.cat(parts) for parts in zip(*views)))
