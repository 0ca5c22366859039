"""Labels, probabilities and logits of images, from the scores of networks.

The one path from images to predictions: validation, test, ``predict`` and
pseudo-labels on disk all start with :func:`score_images`.
"""
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Optional

import torch
from mmengine.structures import PixelData
from mmseg.models.segmentors import BaseSegmentor
from mmseg.models.utils import resize
from mmseg.structures import SegDataSample
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.ops import (
    class_probabilities,
    largest_class,
    most_probable,
)

from .base import Protocol
from .default import default_scores
from .scores import (
    SCORES_AT_ONCE,
    Scores,
    inherits,
    mean_threshold,
    threshold_of,
)

#: Takes probabilities of some pixels of an image, (C, h, w).
Observer = Callable[[Tensor], None]
# Most pixels of an image whose probabilities are observed.
_OBSERVED = 4096
# On a CPU, fewer channels are resized by other code, which rounds otherwise.
_FEWEST_CLASSES = 4


def score_images(network: BaseSegmentor,
                 images: Tensor,
                 samples: Optional[SampleList] = None,
                 protocol: Optional[Protocol] = None) -> 'ScoredImages':
    """Scores of a network for images, under a protocol.

    Args:
        network (BaseSegmentor): The network that predicts.
        images (Tensor): Normalized images of shape (N, 3, H, W).
        samples (list[SegDataSample], optional): Their data samples, which
            predictions are written to. Defaults to None: new ones.
        protocol (Protocol, optional): How the images are scored. Defaults to
            None: by the ``test_cfg`` of the network.

    Returns:
        ScoredImages: From which labels, probabilities or logits are made.

    Raises:
        ValueError: If the protocol does not take images of that size.

    Example:
        >>> scored = score_images(model.student, images)
        >>> labels = [one.pred_sem_seg for one in scored.write_labels()]
    """
    if samples is None:
        samples = _new_samples(images)
    if protocol is None:
        scores = default_scores(network, images, samples)
    else:
        samples = protocol.prepare(images, samples)
        scores = protocol.scores(network, images)
    return _scored(network, scores, samples, protocol)


def score_rows(network: BaseSegmentor, rows: Tensor,
               protocol: Optional[Protocol]) -> 'ScoredImages':
    """Scores of some rows of images, as of whole images.

    Args:
        network (BaseSegmentor): The network that predicts.
        rows (Tensor): Its scores at the size of the images, (N, C, h, W).
        protocol (Protocol, optional): How they were made; None if they are
            logits.

    Returns:
        ScoredImages: From which labels or probabilities are made.
    """
    return _scored(network, Scores(rows), _new_samples(rows), protocol)


class ScoredImages(ABC):
    """Scores of a batch, and the predictions that are made of them.

    Attributes:
        samples (list[SegDataSample]): The images; predictions are written to
            them.
        threshold (float, optional): Of binary networks, the probability
            above which a pixel belongs to class 1; else None.
    """

    samples: SampleList
    threshold: Optional[float]

    @abstractmethod
    def label_each(self) -> Iterator[tuple[SegDataSample, Tensor]]:
        """Write the label of one image after the other.

        Yields:
            tuple[SegDataSample, Tensor]: A sample with ``pred_sem_seg``, and
            the scores of its image, of shape (C, H, W), at the size of the
            label.
        """

    @abstractmethod
    def to_probabilities(self, scores: Tensor) -> Tensor:
        """From the scores of one image to probabilities.

        Args:
            scores (Tensor): Of :meth:`label_each`, of shape (C, H, W).

        Returns:
            Tensor: Of shape (C, H, W), or (2, H, W) of a binary network;
            they sum up to 1 over the classes.
        """

    def write_labels(self, observe: Optional[Observer] = None) -> SampleList:
        """Write ``pred_sem_seg`` alone.

        Args:
            observe (Callable, optional): Called with probabilities of each
                image, (C, h, w), at some of its pixels. Defaults to None.

        Returns:
            list[SegDataSample]: The samples.
        """
        for _, scores in self.label_each():
            if observe is not None:
                observe(self.to_probabilities(some_pixels(scores)))
        return self.samples

    def write_scores(self) -> SampleList:
        """Write ``pred_sem_seg`` and, as ``seg_logits``, all scores.

        Returns:
            list[SegDataSample]: The samples.
        """
        for sample, scores in self.label_each():
            sample.seg_logits = PixelData(data=scores)
        return self.samples

    def probabilities(self) -> Iterator[Tensor]:
        """Probabilities of one image after the other; labels are written.

        Yields:
            Tensor: Of shape (C, H, W); they sum up to 1 over the classes.
        """
        for _, scores in self.label_each():
            yield self.to_probabilities(scores)


class NetworkScores(ScoredImages):
    """Scores of one network, which labels images by a rule of its class.

    For example a binary network, which compares with a threshold.

    Args:
        network (BaseSegmentor): The network that made the scores.
        scores (Scores): Of a batch.
        samples (list[SegDataSample]): The images; their ``ori_shape`` is the
            size of the labels.
        protocol (Protocol, optional): How the scores were made; None for the
            ``test_cfg`` of the network.
    """

    def __init__(self, network: BaseSegmentor, scores: Scores,
                 samples: SampleList, protocol: Optional[Protocol]) -> None:
        self.network = network
        self.scores = scores
        self.samples = samples
        self.protocol = protocol
        self.threshold = threshold_of(network)

    def label_each(self) -> Iterator[tuple[SegDataSample, Tensor]]:
        """See :meth:`ScoredImages.label_each`."""
        for sample in self.network.postprocess_result(self.scores.full(),
                                                      self.samples):
            scores = sample.seg_logits.data
            del sample.seg_logits
            yield sample, scores

    def to_probabilities(self, scores: Tensor) -> Tensor:
        """From scores to probabilities, as the protocol defines it.

        Args:
            scores (Tensor): Of :meth:`label_each`, of shape (C, H, W).

        Returns:
            Tensor: Of shape (C, H, W), or (2, H, W) of a binary network;
            they sum up to 1 over the classes.
        """
        if len(scores) == 1:  # MMSegmentation has taken the sigmoid
            return torch.cat([1 - scores, scores])
        if self.protocol is None:
            return class_probabilities(scores[None])[0]
        return self.protocol.probabilities(scores)


class ArgmaxScores(NetworkScores):
    """Scores of one network, of which the largest wins.

    The same as ``postprocess_result`` of MMSegmentation, to the bit, in less
    memory: one image at a time, and for labels alone a few classes at a time.
    """

    def label_each(self) -> Iterator[tuple[SegDataSample, Tensor]]:
        """See :meth:`ScoredImages.label_each`."""
        for raw, sample in zip(self.scores.raw.split(1), self.samples):
            scores = self._finish(raw, sample)[0]
            sample.pred_sem_seg = PixelData(data=most_probable(scores))
            yield sample, scores

    def write_labels(self, observe: Optional[Observer] = None) -> SampleList:
        """See :meth:`ScoredImages.write_labels`.

        Args:
            observe (Callable, optional): Likewise. Defaults to None.

        Returns:
            list[SegDataSample]: The samples.
        """
        for raw, sample in zip(self.scores.raw.split(1), self.samples):
            if observe is not None:
                observe(self.to_probabilities(some_pixels(raw[0])))
            label = largest_class(
                raw, partial(self._finish, sample=sample),
                _num_parts(raw, sample.ori_shape))
            sample.pred_sem_seg = PixelData(data=label)
        return self.samples

    def _finish(self, part: Tensor, sample: SegDataSample) -> Tensor:
        """Some classes of one image at the size of its label."""
        return _undo_pipeline(
            self.scores.finish(part), sample, self.network.align_corners)


class MeanScores(ScoredImages):
    """Mean probabilities of several networks.

    The networks are added one after the other, so that the scores of one at
    a time are in memory.
    """

    def __init__(self) -> None:
        self.samples: SampleList = []
        self._sums: list[Tensor] = []
        self.threshold = None
        self._thresholds: list[Optional[float]] = []

    def add(self,
            scored: ScoredImages,
            observe: Optional[Observer] = None) -> SampleList:
        """Add the scores of a network.

        Args:
            scored (ScoredImages): Its scores.
            observe (Callable, optional): See
                :meth:`ScoredImages.write_labels`. Defaults to None.

        Returns:
            list[SegDataSample]: Its samples, with its own labels.
        """
        for index, (sample, scores) in enumerate(scored.label_each()):
            share = scored.to_probabilities(scores)
            if observe is not None:
                observe(some_pixels(share))
            if not self._thresholds:
                self._sums.append(share)
                self.samples.append(sample.new())
            else:
                self._sums[index].add_(share)
        self._thresholds.append(scored.threshold)
        self.threshold = mean_threshold(self._thresholds)
        return scored.samples

    def label_each(self) -> Iterator[tuple[SegDataSample, Tensor]]:
        """See :meth:`ScoredImages.label_each`."""
        for sample, total in zip(self.samples, self._sums):
            mean = total / len(self._thresholds)
            sample.pred_sem_seg = PixelData(
                data=most_probable(mean, self.threshold))
            yield sample, mean

    def to_probabilities(self, scores: Tensor) -> Tensor:
        """The scores, which are probabilities already.

        Args:
            scores (Tensor): Of :meth:`label_each`, of shape (C, H, W).

        Returns:
            Tensor: The same.
        """
        return scores


def _scored(network: BaseSegmentor, scores: Scores, samples: SampleList,
            protocol: Optional[Protocol]) -> ScoredImages:
    """Scores with the rule by which their network labels."""
    kind = ArgmaxScores if _takes_argmax(network) else NetworkScores
    return kind(network, scores, samples, protocol)


def some_pixels(scores: Tensor) -> Tensor:
    """Scores at every n-th row and column, at most about 4096 of them.

    Args:
        scores (Tensor): Of one image, of shape (C, H, W).

    Returns:
        Tensor: Of shape (C, h, w).
    """
    height, width = scores.shape[1:]
    step = max(1, math.ceil(math.sqrt(height * width / _OBSERVED)))
    return scores[:, ::step, ::step]


def _new_samples(images: Tensor) -> SampleList:
    """Samples of images that no pipeline has changed."""
    size = tuple(images.shape[2:])
    return [
        SegDataSample(metainfo=dict(img_shape=size, ori_shape=size))
        for _ in images
    ]


def _num_parts(raw: Tensor, size: Sequence[int]) -> int:
    """In how many parts the classes of an image are resized.

    In several only where they are resized each on its own, to the last bit.
    """
    if not raw.is_contiguous():  # channels last: they share vectors
        return 1
    classes, (height, width) = raw.shape[1], size[:2]
    floats = classes * height * width
    parts = -(-floats // SCORES_AT_ONCE)
    return max(1, min(parts, classes // _FEWEST_CLASSES))


def _takes_argmax(network: BaseSegmentor) -> bool:
    """Whether the largest of several scores wins: not of a binary network."""
    return (network.out_channels > 1
            and inherits(network, BaseSegmentor, 'postprocess_result'))


def _undo_pipeline(scores: Tensor, sample: SegDataSample,
                   align_corners: bool) -> Tensor:
    """Undo what a test pipeline did to an image, in its scores.

    Args:
        scores (Tensor): Of one image, (1, K, H, W).
        sample (SegDataSample): Contains padding, flip and original size,
            under the names of MMSegmentation.
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
