"""Scores of images at the size at which a network makes them.

A network predicts on a coarse grid. At the size of the image its scores fill
C floats for each pixel, 160 MB for 19 classes of 2048 x 1024; a label needs
one number. So scores stay coarse as long as all that is to come treats each
class on its own, and labels are made of a few classes at a time (see
:mod:`.predictions`).
"""
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Optional
from weakref import WeakKeyDictionary

import torch
import torch.nn.functional as F
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from torch import Tensor, nn

from mmseg_fst.models.domains import RGB, domain_of

#: Floats of scores at the size of the images that exist at the same time,
#: 32 MB.
SCORES_AT_ONCE = 2**23
# Multiples to which an image is padded if a network refuses its size, and the
# multiple that each such network takes.
_MULTIPLES = (1, 2, 4, 8, 16, 32, 64)
_found: WeakKeyDictionary[nn.Module, int] = WeakKeyDictionary()


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

    Some networks take multiples of their stride only, such as a U-Net. An
    image of another size is padded on the right and at the bottom by its last
    pixels, to the smallest multiple that the network takes, and the scores
    are cropped.

    Args:
        network (BaseSegmentor): The network.
        images (Tensor): Normalized images of shape (N, 3, H, W), or maps of
            the network's domain.
        metas (list[dict]): What decode heads of MMSegmentation read the size
            of the logits from, for each image.

    Returns:
        Scores: Logits; coarse ones, if the network's head only resizes them.
    """
    errors: list[Exception] = []
    for multiple in _multiples(network, images):
        try:
            scores = _padded_scores(network, images, metas, multiple)
        except torch.OutOfMemoryError:
            raise
        except (AssertionError, RuntimeError) as error:
            errors.append(error)
        else:
            if min(images.shape[2:]) >= multiple:  # else it is just too small
                _found[network] = multiple
            return scores
    raise errors[0]


def _multiples(network: BaseSegmentor, images: Tensor) -> list[int]:
    """Multiples to try, which pad the images to different sizes."""
    least = _found.get(network, 1)
    if domain_of(network) != RGB:  # maps are not padded
        return [1]
    sizes = {
        tuple(-(-side // multiple) * multiple for side in images.shape[2:]):
        multiple
        for multiple in reversed(_MULTIPLES) if multiple >= least
    }
    return sorted(sizes.values())


def _padded_scores(network: BaseSegmentor, images: Tensor, metas: list[dict],
                   multiple: int) -> Scores:
    """Scores of images that are padded to a multiple, without the padding."""
    height, width = images.shape[2:]
    below, right = -height % multiple, -width % multiple
    if not below and not right:
        return _plain_scores(network, images, metas)
    padded = F.pad(images, (0, right, 0, below), mode='replicate')
    scores = _plain_scores(network, padded, metas_of(padded))
    return Scores(scores.raw,
                  lambda part: scores.finish(part)[..., :height, :width])


def _plain_scores(network: BaseSegmentor, images: Tensor,
                  metas: list[dict]) -> Scores:
    """Scores of images of a size that the network takes."""
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


def threshold_of(network: BaseSegmentor) -> Optional[float]:
    """The threshold of a binary network, with one channel for two classes.

    Args:
        network (BaseSegmentor): The network.

    Returns:
        float | None: The probability above which a pixel belongs to class 1;
        None if the network has a channel for each class.
    """
    if network.out_channels != 1:
        return None
    return network.decode_head.threshold


def mean_threshold(
        thresholds: Iterable[Optional[float]]) -> Optional[float]:
    """The threshold for the mean probabilities of several networks.

    Args:
        thresholds (Iterable[float | None]): Of :func:`threshold_of` for each.

    Returns:
        float | None: Their mean, where None counts as 0.5; None if none of
        the networks has a threshold.
    """
    found = list(thresholds)
    if all(threshold is None for threshold in found):
        return None
    return sum(0.5 if threshold is None else threshold
               for threshold in found) / len(found)


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
