"""Overlapping windows over a large image."""
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, Union

import torch
from mmseg.models.segmentors import BaseSegmentor
from torch import Tensor

from mmseg_fst.models.domains import (
    domain_of,
    domain_slice,
    domain_stride,
    to_domain,
)
from mmseg_fst.ops import class_probabilities
from mmseg_fst.registry import MODELS

from .base import Protocol
from .merged_rows import Window, merged_rows
from .scores import Scores, metas_of, network_scores

#: From rows and columns to what a network reads of them, (N, D, h, w).
Crop = Callable[[slice, slice], Tensor]

_LAST = dict(shift='last one shifted', truncate='last one truncated')
_MERGE = dict(logits='logits averaged', softmax='softmax summed')


@MODELS.register_module()
class SlidingWindows(Protocol):
    """Overlapping windows at native size: Cityscapes of all families.

    ======================== ==== ====== ======== =======
    family                   size stride last     merge
    ======================== ==== ====== ======== =======
    UniMatch                 801  534    truncate softmax
    Diverse Co-training      769  512    truncate softmax
    UniMatch V2              798  532    shift    softmax
    U2PL, FST (``eval.py``)  769  513    shift    logits
    ======================== ==== ====== ======== =======

    A network that reads maps of another domain receives windows of the map of
    the whole image, as in Diverse Co-training: 193 x 193 at a distance of 128
    for DCT coefficients. All windows have to start at a place of the map.

    An image smaller than the window is one smaller window (where the stride
    is smaller yet, ``truncate`` adds truncated ones); U2PL would pad it, but
    Cityscapes has none.

    Args:
        crop_size (int | tuple[int, int]): Height and width of a window.
        stride (int | tuple[int, int]): Distance of their starts.
        last (str): What is done to a window that reaches over the border.
            ``'shift'``: it is moved back inside; ``'truncate'``: it is cut,
            and windows start wherever a stride ends inside the image.
        merge (str): ``'logits'``: logits are averaged over windows;
            ``'softmax'``: probabilities are summed.
        batch_size (int): Windows of each image that go through the network
            at once, where they have one size. Defaults to 1, which needs the
            least memory.

    Raises:
        ValueError: If there is no such rule, or windows leave gaps.
    """

    def __init__(self,
                 crop_size: Union[int, tuple[int, int]],
                 stride: Union[int, tuple[int, int]],
                 last: Literal['shift', 'truncate'],
                 merge: Literal['logits', 'softmax'],
                 batch_size: int = 1) -> None:
        self.crop_size = _pair(crop_size)
        self.stride = _pair(stride)
        for key, value, known in (('last', last, _LAST), ('merge', merge,
                                                          _MERGE)):
            if value not in known:
                raise ValueError(
                    f'SlidingWindows: {key}={value!r} is not known; give '
                    f'{" or ".join(map(repr, known))}.')
        if not all(0 < step <= crop
                   for step, crop in zip(self.stride, self.crop_size)):
            raise ValueError(
                f'SlidingWindows: stride={stride} leaves gaps between '
                f'windows of crop_size={crop_size}; give at least 1 and at '
                'most crop_size.')
        self.last = last
        self.merge = merge
        self.batch_size = batch_size

    @property
    def name(self) -> str:
        """The protocol in words."""
        return (f'sliding windows {_words(self.crop_size)}, stride '
                f'{_words(self.stride)}, {_LAST[self.last]}, '
                f'{_MERGE[self.merge]}')

    def scores(self, network: BaseSegmentor, images: Tensor) -> Scores:
        """Merge the scores of all windows.

        Args:
            network (BaseSegmentor): The network that predicts.
            images (Tensor): Normalized images of shape (N, 3, H, W).

        Returns:
            Scores: Mean logits or summed probabilities, (N, C, H, W).

        Raises:
            ValueError: If a window starts between two places of a map.
        """
        size = images.shape[2:]
        self._check_starts(network, *size)
        read = to_domain(network, images)

        def crop(y: slice, x: slice) -> Tensor:
            return read[..., domain_slice(network, y),
                        domain_slice(network, x)]

        merged = images.new_empty((len(images), network.out_channels, *size))
        start = 0
        for rows in self.rows(network, crop, size, images.dtype):
            stop = start + rows.shape[2]
            merged[:, :, start:stop] = rows
            start = stop
        return Scores(merged)

    def rows(self, network: BaseSegmentor, crop: Crop, size: Sequence[int],
             dtype: torch.dtype = torch.float32) -> Iterator[Tensor]:
        """Merge the scores of all windows from top to bottom.

        Args:
            network (BaseSegmentor): The network that predicts.
            crop (Callable): From rows and columns to what the network reads
                of them, of shape (N, D, h, w).
            size (Sequence[int]): Height and width of the images.
            dtype (torch.dtype): Type of the scores. Defaults to float32.

        Yields:
            Tensor: Scores of the next rows, (N, C, h, W).
        """
        for sums, counts in merged_rows(
                self._scored_windows(network, crop, size, dtype), size[1]):
            if self.merge == 'logits':
                yield sums.div_(counts)
            elif network.out_channels == 1:
                yield sums.div_(counts).logit_(eps=1e-6)
            else:
                # A sum of probabilities has its maximum where their mean
                # has it.
                yield sums

    def _scored_windows(self, network: BaseSegmentor, crop: Crop,
                        size: Sequence[int], dtype: torch.dtype
                        ) -> Iterator[tuple[Window, Tensor]]:
        """Windows and their scores, (N, C, h, w), from top to bottom."""
        for windows in self._batches(*size):
            crops = torch.cat([crop(*window) for window in windows])
            scores = network_scores(
                network, crops,
                metas_of(crops, _size(windows[0]))).full().to(dtype)
            if self.merge == 'softmax':
                # Of a binary network class 1 alone.
                scores = class_probabilities(scores)[:, -network.out_channels:]
            yield from zip(windows, scores.split(len(crops) // len(windows)))

    def probabilities(self, scores: Tensor) -> Tensor:
        """From the scores of one image to probabilities.

        Args:
            scores (Tensor): Of shape (C, H, W).

        Returns:
            Tensor: Of shape (C, H, W), or (2, H, W) of a binary network;
            they sum up to 1 over the classes.
        """
        if self.merge == 'softmax' and len(scores) > 1:
            return scores / scores.sum(0, keepdim=True)
        return super().probabilities(scores)

    def windows(self, height: int, width: int) -> list[Window]:
        """All windows of an image, row by row.

        Args:
            height (int): Height of the image.
            width (int): Width of the image.

        Returns:
            list[tuple[slice, slice]]: Rows and columns of each.
        """
        rows, columns = map(self._spans, (height, width), self.crop_size,
                            self.stride)
        return list(itertools.product(rows, columns))

    def _check_starts(self, network: BaseSegmentor, height: int,
                      width: int) -> None:
        """Raise on windows that a map cannot be cut into."""
        step = domain_stride(network)
        for span in itertools.chain(*self.windows(height, width)):
            if span.start % step:
                raise ValueError(
                    f'model.protocol ({self.name}): a window of an image of '
                    f'{height} x {width} starts at pixel {span.start}, but '
                    f'the {domain_of(network)} map that a network reads has '
                    f'places {step} pixels apart. Give a stride that is a '
                    f"multiple of {step}, and last='truncate': shifted "
                    'windows start anywhere.')

    def _spans(self, length: int, crop: int, stride: int) -> list[slice]:
        """Windows along one axis."""
        if self.last == 'truncate':
            starts: Sequence[int] = range(0, length, stride)
        else:
            final = max(length - crop, 0)
            starts = [*range(0, final, stride), final]
        return [
            slice(start, min(start + crop, length)) for start in starts
        ]

    def _batches(self, height: int, width: int) -> Iterator[list[Window]]:
        """Neighbors of one size, so that sums keep their order."""
        for _, neighbors in itertools.groupby(
                self.windows(height, width), key=_size):
            group = list(neighbors)
            for first in range(0, len(group), self.batch_size):
                yield group[first:first + self.batch_size]


def _size(window: Window) -> tuple[int, ...]:
    """Height and width of a window."""
    return tuple(span.stop - span.start for span in window)


def _pair(value: Union[int, tuple[int, int]]) -> tuple[int, int]:
    """Height and width, given as one number or as two."""
    if isinstance(value, int):
        return value, value
    height, width = value
    return height, width


def _words(pair: tuple[int, int]) -> str:
    """A size as it is printed."""
    height, width = pair
    return str(height) if height == width else f'{height} x {width}'
