"""Scores of images at the size at which a network makes them.

A network predicts on a coarse grid. At the size of the image its scores fill
C floats for each pixel, 160 MB for 19 classes of 2048 x 1024; a label needs
one number. So scores stay coarse as long as all that is to come treats each
class on its own, and labels are made of a few classes at a time.
"""
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Optional

from mmengine.structures import PixelData
from mmseg.models.decode_heads.decode_head import BaseDecodeHead
from mmseg.models.segmentors import BaseSegmentor, EncoderDecoder
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.ops import largest_class

# Scores that are at full size at once: floats, 32 MB.
_AT_ONCE = 2**23
# On a CPU, fewer channels are resized by other code, which rounds otherwise.
_FEWEST_CLASSES = 4


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
            Defaults to None: those of ``images``.

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


def native_scores(network: BaseSegmentor, scores: Scores,
                  samples: SampleList) -> Iterator[Tensor]:
    """Scores of each image, as a label is compared with them.

    Args:
        network (BaseSegmentor): The network that made them.
        scores (Scores): Of a batch.
        samples (list[SegDataSample]): The images; their ``ori_shape`` is the
            size that is scored.

    Yields:
        Tensor: What ``seg_logits`` holds after a prediction, (C, H, W).
    """
    if not _votes(network):
        for sample in network.postprocess_result(
                scores.full(), [one.new() for one in samples]):
            yield sample.seg_logits.data
        return
    for raw, sample in zip(scores.raw.split(1), samples):
        yield _native(scores.finish(raw), sample, network.align_corners)[0]


def write_labels(network: BaseSegmentor, scores: Scores,
                 samples: SampleList) -> SampleList:
    """Write ``pred_sem_seg``, and no scores, into samples.

    The same labels as after ``postprocess_result`` of MMSegmentation, which
    keeps all scores at full size.

    Args:
        network (BaseSegmentor): The network that made the scores.
        scores (Scores): Of a batch.
        samples (list[SegDataSample]): The images; written to.

    Returns:
        list[SegDataSample]: The samples.
    """
    if not _votes(network):
        for sample in network.postprocess_result(scores.full(), samples):
            del sample.seg_logits
        return samples
    for raw, sample in zip(scores.raw.split(1), samples):

        def finish(part: Tensor, sample: SegDataSample = sample) -> Tensor:
            return _native(
                scores.finish(part), sample, network.align_corners)

        sample.pred_sem_seg = PixelData(
            data=largest_class(raw, finish, _parts(raw, sample.ori_shape)))
    return samples


def _parts(raw: Tensor, size: Sequence[int]) -> int:
    """In how many parts the classes of an image are resized.

    In several only where they are resized each on its own, to the last bit.
    """
    if not raw.is_contiguous():  # channels last: they share vectors
        return 1
    classes, (height, width) = raw.shape[1], size[:2]
    floats = classes * height * width
    return max(1, min(-(-floats // _AT_ONCE), classes // _FEWEST_CLASSES))


def _votes(network: BaseSegmentor) -> bool:
    """Whether the largest of several scores wins: not of a binary network."""
    return (network.out_channels > 1
            and inherits(network, BaseSegmentor, 'postprocess_result'))


def _native(scores: Tensor, sample: SegDataSample,
            align_corners: bool) -> Tensor:
    """Undo what a test pipeline did to an image, in its scores.

    Args:
        scores (Tensor): Of one image, (1, K, H, W).
        sample (SegDataSample): Tells padding, flip and native size, by the
            names of MMSegmentation.
        align_corners (bool): As in :func:`torch.nn.functional.interpolate`.

    Returns:
        Tensor: Of shape (1, K, H', W').
    """
    meta, (height, width) = sample.metainfo, scores.shape[2:]
    left, right, top, bottom = meta.get('img_padding_size',
                                        meta.get('padding_size', [0] * 4))
    scores = scores[..., top:height - bottom, left:width - right]
    if meta.get('flip'):
        horizontal = meta['flip_direction'] == 'horizontal'
        scores = scores.flip(3 if horizontal else 2)
    size = tuple(meta['ori_shape'][:2])
    if tuple(scores.shape[2:]) == size:
        return scores
    return resize(
        scores,
        size=size,
        mode='bilinear',
        align_corners=align_corners,
        warning=False)
