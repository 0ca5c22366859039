"""Scores of images at the size at which a network makes them.

A network predicts on a coarse grid. At the size of the image its scores fill
C floats for each pixel, 160 MB for 19 classes of 2048 x 1024; a label needs
one number. So scores stay coarse as long as all that is to come treats each
class on its own, and labels are made of a few classes at a time (see
:mod:`.predictions`).
"""
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Optional

from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from torch import Tensor


def _same(scores: Tensor) -> Tensor:
    """Scores that need nothing more."""
    return scores


@dataclass
class Scores:
    """Scores of all classes, of which the largest wins.

    Attributes:
        raw (Tensor): Of shape (N, C, h, w).
        finish (Callable): From ``raw``, or a part of its images and classes,
            to scores at the size of the images; it treats each class on its
            own. Defaults to leaving them as they are.
    """

    raw: Tensor
    finish: Callable[[Tensor], Tensor] = _same

    def full(self) -> Tensor:
        """All scores at the size of the images, (N, C, H, W)."""
        return self.finish(self.raw)


def network_scores(network: BaseSegmentor, images: Tensor,
                   metas: list[dict]) -> Scores:
    """Scores of one forward pass.

    Args:
        network (BaseSegmentor): The network.
        images (Tensor): Normalized images of shape (N, 3, H, W), or maps of
            the network's domain.
        metas (list[dict]): What decode heads of MMSegmentation read the size
            of the logits from, for each image.

    Returns:
        Scores: Logits; coarse ones, if the network's head only resizes them.
    """
    if not _only_resizes(network):
        return Scores(network.encode_decode(images, metas))
    head = network.decode_head
    return Scores(
        network(images), lambda part: head.predict_by_feat(part, metas))


def metas_of(images: Tensor,
             size: Optional[Sequence[int]] = None) -> list[dict]:
    """What has decode heads of MMSegmentation resize to a size.

    Args:
        images (Tensor): Of shape (N, D, h, w).
        size (Sequence[int], optional): Height and width of the logits.
            Defaults to None: the size of ``images``.

    Returns:
        list[dict]: Metainfo of each image.
    """
    return [dict(img_shape=size or images.shape[2:])] * len(images)


def _only_resizes(network: BaseSegmentor) -> bool:
    """Whether prediction is a forward pass and a resize, as in most heads."""
    head = getattr(network, 'decode_head', None)
    return (isinstance(network, EncoderDecoder)
            and isinstance(head, BaseDecodeHead)
            and inherits(network, EncoderDecoder, '_forward')
            and inherits(network, EncoderDecoder, 'encode_decode')
            and inherits(head, BaseDecodeHead, 'predict')
            and inherits(head, BaseDecodeHead, 'predict_by_feat'))


def inherits(module: object, base: type, name: str) -> bool:
    """Whether a method is that of a class of MMSegmentation.

    Args:
        module (object): The module that has it.
        base (type): The class.
        name (str): The method.

    Returns:
        bool: False if it was overridden.
    """
    return getattr(type(module), name, None) is getattr(base, name)
