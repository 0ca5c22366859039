"""A training batch, by the names of its sides."""
from collections.abc import Sequence
from functools import cached_property
from typing import NamedTuple, Optional

import torch
from mmseg.utils import SampleList
from torch import Tensor

from mmseg_fst.models.data_preprocessor import corners_of
from mmseg_fst.ops import ignore_padding, scale_sizes
from mmseg_fst.utils.fields import TRUSTED_BOX


class PseudoLabels(NamedTuple):
    """Pseudo-labels of a batch of images.

    Attributes:
        label (Tensor): Class ids of shape (N, H, W), int64.
        weight (Tensor): Loss weights of shape (N, H, W), float32 in [0, 1].
    """
    label: Tensor
    weight: Tensor


class Side:
    """Images of one side of a batch, such as the labeled ones.

    Args:
        image (Tensor): Normalized images of shape (N, C, H, W).
        samples (list[SegDataSample]): Their data samples.
    """

    def __init__(self, image: Tensor, samples: SampleList) -> None:
        self.image = image
        self.samples = samples

    @cached_property
    def label(self) -> Tensor:
        """Class ids of shape (N, H, W), int64.

        Raises:
            ValueError: If the images of this side come without labels.
        """
        if any('gt_sem_seg' not in sample for sample in self.samples):
            raise ValueError(
                'Images come without labels: give their data set '
                '`seg_map_path` in `data_prefix`, and its pipeline '
                '`LoadAnnotations`.')
        return torch.stack(
            [sample.gt_sem_seg.data.squeeze(0) for sample in self.samples])

    def replaced(self, image: Tensor, label: Tensor) -> 'Side':
        """This side with other images and labels.

        Args:
            image (Tensor): Images of the same shape.
            label (Tensor): Class ids of shape (N, H, W), int64.

        Returns:
            Side: With the same data samples, which are not changed.
        """
        side = Side(image, self.samples)
        side.label = label
        return side

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """Height and width of each image without its padding."""
        full = tuple(self.image.shape[2:])
        return [
            tuple(sample.metainfo.get('img_shape', full))
            for sample in self.samples
        ]

    @property
    def corners(self) -> list[tuple[int, int]]:
        """Row and column at which each image begins within its padding."""
        return corners_of(self.samples)

    def ignore_padding(self, label: Tensor, ignore_index: int) -> Tensor:
        """Ignore the labels of padding, at any resolution.

        Args:
            label (Tensor): Class ids of shape (N, h, w), int64.
            ignore_index (int): Id of pixels without a label.

        Returns:
            Tensor: Class ids of the same shape.
        """
        sizes, corners = (
            scale_sizes(places, self.image.shape[2:], label.shape[1:])
            for places in (self.sizes, self.corners))
        return ignore_padding(label, sizes, ignore_index, corners)

    @property
    def trusted_boxes(self) -> list[Optional[Sequence[int]]]:
        """Of each image the box whose pseudo-labels count, None for all.

        Top, bottom, left and right, see
        :class:`mmseg_fst.datasets.PseudoLabelMargins`.
        """
        return [sample.metainfo.get(TRUSTED_BOX) for sample in self.samples]


class Batch:
    """The sides of a training batch, as attributes.

    Args:
        inputs (dict[str, Tensor]): Normalized images of each side, of shape
            (N, C, H, W).
        data_samples (dict[str, list[SegDataSample]]): Data samples of each.

    Example:
        >>> batch.labeled.image, batch.labeled.label, batch.unlabeled.image
    """

    def __init__(self, inputs: dict[str, Tensor],
                 data_samples: dict[str, SampleList]) -> None:
        self.sides = {
            name: Side(image, data_samples[name])
            for name, image in inputs.items()
        }

    def __getattr__(self, name: str) -> Side:
        """The side of that name.

        Raises:
            AttributeError: If the batch has no such side.
        """
        try:
            return self.__dict__['sides'][name]
        except KeyError:
            raise AttributeError(
                f'The batch has no side {name!r}, but '
                f'{", ".join(self.__dict__.get("sides", ()))}; add it to '
                '`sides` of PairedDataset, or a second crop of the images of '
                'a side to its `again`.') from None

    def check_same_shape(self, *names: str) -> None:
        """Raise unless sides that are combined have images of one size.

        Args:
            *names (str): Names of the sides.

        Raises:
            ValueError: If channels, height or width differ.
        """
        first = names[0]
        shape = tuple(getattr(self, first).image.shape)
        for name in names[1:]:
            other = tuple(getattr(self, name).image.shape)
            if other[1:] != shape[1:]:  # batch sizes may differ
                raise ValueError(
                    f'The {first} batch has shape {shape}, the {name} one '
                    f'{other}; give both pipelines the same crop size and '
                    'data_preprocessor the same `size`.')
