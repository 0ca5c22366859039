"""Normalization and stacking of batches that have sides."""
from collections.abc import Sequence
from typing import Any, Literal, Optional

import torch
import torch.nn.functional as F
from mmseg.models.data_preprocessor import SegDataPreProcessor
from mmseg.structures import SegDataSample

from mmseg_fst.registry import MODELS
from mmseg_fst.utils.fields import DIAGNOSIS

#: Left, right, top and bottom.
Border = tuple[int, int, int, int]


@MODELS.register_module()
class SelfTrainingDataPreProcessor(SegDataPreProcessor):
    """MMSegmentation's preprocessor, applied to each side of a batch.

    A training batch of :class:`PairedDataset` is
    ``{SIDE: {'inputs', 'data_samples'}, ...}`` with any number of sides, which
    may have different numbers of images; one is ``'labeled'``. Any other
    batch goes straight to the parent class. The batch is not written to.
    Images, and labels of :class:`PackByteInputs`, reach the device as uint8;
    all else is done there. Labels for diagnosis are left out: no model
    receives them.

    Args:
        mean (Sequence[float], optional): Mean of each channel, in [0, 255],
            or of all. Three are in RGB order, another number in the order of
            the file. Defaults to None: images are not normalized.
        std (Sequence[float], optional): Standard deviation of each channel,
            or of all. Defaults to None.
        size (tuple[int, int], optional): Height and width that training
            images are padded to. Defaults to None.
        size_divisor (int, optional): Training images are padded to multiples
            of it. Defaults to None.
        padding (str): Padding of training images. ``'mean'``: ``pad_val`` of
            normalized images, at the right and at the bottom. ``'black'``: 0
            before the normalization, where it is if an image is padded at
            the right and at the bottom, then cropped and then flipped; so at
            the left of an image that is flipped. UniMatch, UniMatch V2, ST++
            and Diverse Co-training pad so. Defaults to ``'mean'``.
        pad_val (float): Value of the padding ``'mean'``. Defaults to 0.
        seg_pad_val (float): Label of the padding. Defaults to 255.
        bgr_to_rgb (bool): Whether images of three channels are reversed.
            Defaults to False.
        rgb_to_bgr (bool): The same. Defaults to False.
        test_cfg (dict, optional): ``size`` or ``size_divisor`` of test
            images. Defaults to None: they are not padded.

    Raises:
        ValueError: If ``mean`` and ``std`` differ in length, or one of them
            is missing; if ``padding`` is unknown, or ``'black'`` without
            ``size``.
    """

    def __init__(self,
                 mean: Optional[Sequence[float]] = None,
                 std: Optional[Sequence[float]] = None,
                 *,
                 size: Optional[tuple[int, int]] = None,
                 size_divisor: Optional[int] = None,
                 padding: Literal['mean', 'black'] = 'mean',
                 pad_val: float = 0,
                 seg_pad_val: float = 255,
                 bgr_to_rgb: bool = False,
                 rgb_to_bgr: bool = False,
                 test_cfg: Optional[dict] = None) -> None:
        super().__init__(
            size=size,
            size_divisor=size_divisor,
            pad_val=pad_val,
            seg_pad_val=seg_pad_val,
            bgr_to_rgb=bgr_to_rgb,
            rgb_to_bgr=rgb_to_bgr,
            test_cfg=test_cfg)
        if (mean is None) != (std is None) or (
                mean is not None and std is not None
                and not 0 < len(mean) == len(std)):
            raise ValueError(
                f'{type(self).__name__}: mean={mean} and std={std} must have '
                'the same length, a number for each channel or one for all.')
        if padding not in ('mean', 'black') or (
                padding == 'black' and size is None):
            raise ValueError(
                f"{type(self).__name__}: padding={padding!r} must be 'mean', "
                f"or 'black' with the size of the crops, got size={size}.")
        self.padding = padding
        #: Whether images of three channels are reversed.
        self.reverses_channels = bgr_to_rgb or rgb_to_bgr
        # The parent class takes one or three numbers.
        self._enable_normalize = mean is not None
        if mean is not None:
            for name, values in (('mean', mean), ('std', std)):
                self.register_buffer(
                    name,
                    torch.tensor(values, dtype=torch.float32).view(-1, 1, 1),
                    persistent=False)

    def forward(self, data: dict, training: bool = False) -> dict[str, Any]:
        """Move to the device, convert to RGB, normalize, pad and stack.

        Args:
            data (dict): A batch, with or without branches; images are uint8
                tensors of shape (C, H, W), or float32 in [0, 255].
            training (bool): Whether to pad to the training size. Defaults to
                False.

        Returns:
            dict: ``inputs``, a float tensor of shape (N, C, H, W) or a dict
            of them by branch, and ``data_samples`` alike; labels are int64.

        Raises:
            ValueError: If images have other channels than ``mean``.
        """
        if 'labeled' not in data:
            return self._prepare(data, training)
        done = {
            name: self._prepare(batch, training)
            for name, batch in data.items()
        }
        return dict(
            inputs={name: batch['inputs']
                    for name, batch in done.items()},
            data_samples={
                name: batch['data_samples']
                for name, batch in done.items()
            })

    def _prepare(self, batch: dict, training: bool) -> dict[str, Any]:
        """What MMSegmentation does; labels of 64 bits, none to diagnose by."""
        self._check_channels(batch['inputs'])
        borders: list[Border] = []
        if training and self.padding == 'black':
            batch, borders = self._pad_black(batch)
        batch = super().forward(batch, training)
        for sample in batch['data_samples'] or ():  # copies of those given
            sample.pop(DIAGNOSIS, None)
            if 'gt_sem_seg' in sample:
                sample.gt_sem_seg.data = sample.gt_sem_seg.data.long()
        for sample, border in zip(batch['data_samples'] or (), borders):
            height, width = sample.img_shape  # with what was padded here
            sample.set_metainfo(dict(
                img_shape=(height - border[2] - border[3],
                           width - border[0] - border[1]),
                padding_size=border))
        return batch

    def _pad_black(self, batch: dict) -> tuple[dict, list[Border]]:
        """Images and labels as padded before they were flipped."""
        batch = self.cast_data(batch)  # new samples, on the device
        borders = [
            border_of(image.shape[-2:], self.size, sample)
            for image, sample in zip(batch['inputs'], batch['data_samples'])
        ]
        for sample, border in zip(batch['data_samples'], borders):
            if 'gt_sem_seg' in sample:
                label = sample.gt_sem_seg.data
                del sample.gt_sem_seg.data  # of another shape
                sample.gt_sem_seg.data = F.pad(
                    label, border, value=self.seg_pad_val)
        images = [F.pad(image, border)
                  for image, border in zip(batch['inputs'], borders)]
        return dict(batch, inputs=images), borders

    def _check_channels(self, images: Sequence[torch.Tensor]) -> None:
        """Raise on images of other channels than there are means."""
        count = len(self.mean) if self._enable_normalize else 1
        for image in images if count > 1 else ():
            if len(image) != count:
                raise ValueError(
                    f'Images have {len(image)} channels, but '
                    f'data_preprocessor.mean has {count} numbers. Give mean '
                    f'and std {len(image)} numbers, or set channels={count} '
                    'in LoadWholeImage.')


def border_of(shape: Sequence[int], size: Sequence[int],
              sample: SegDataSample) -> Border:
    """Padding of an image that was padded before it was flipped.

    Args:
        shape (Sequence[int]): Its height and width without padding.
        size (Sequence[int]): Height and width to pad to.
        sample (SegDataSample): Its data sample, with ``flip`` and
            ``flip_direction``; without them it is not flipped.

    Returns:
        tuple[int, int, int, int]: Left, right, top and bottom.
    """
    height, width = (max(whole - part, 0) for whole, part in zip(size, shape))
    meta = sample.metainfo
    turned = meta.get('flip') and meta.get('flip_direction') or ''
    left = width if turned in ('horizontal', 'diagonal') else 0
    top = height if turned in ('vertical', 'diagonal') else 0
    return left, width - left, top, height - top


def corners_of(samples: Sequence[SegDataSample]) -> list[tuple[int, int]]:
    """Where images begin within their padding.

    Args:
        samples (Sequence[SegDataSample]): Preprocessed data samples.

    Returns:
        list[tuple[int, int]]: Row and column of the upper left pixel.
    """
    borders = [sample.metainfo.get('padding_size', (0, 0, 0, 0))
               for sample in samples]
    return [(top, left) for left, _, top, _ in borders]
