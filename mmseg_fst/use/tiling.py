"""Whether an image is predicted as a whole or in tiles, and at which scale."""
from collections.abc import Sequence
from typing import Any, Optional

from mmseg.models.segmentors import BaseSegmentor

from mmseg_fst.methods import ENSEMBLE
from mmseg_fst.models.protocols import (
    Canvas,
    SlidingWindows,
    windows_of,
)

from .run_pipeline import RunPipeline, resize_factor
from .tiled_rows import Tiling
from .training_scale import native_size, training_factor

#: An image that is larger than the training images by more than this factor
#: is not shrunk to their size, and one that is shrunk by more is reported.
LARGEST_SHRINKAGE = 3.
# Pixels that a network reads in one pass, at most.
_MOST_PIXELS = 2**22
# Side of a tile where nothing is known of the training, and the largest one.
_SIDE, _LARGEST_SIDE = 512, 1024


class TilingRule:
    """Chooses how images of a size are predicted.

    An image is predicted as the test of the run does it, unless it is more
    than three times as large as the training images were, or exceeds 4
    megapixels for a network that reads whole images: then it is cut into
    tiles, at the scale of the training. Windows that a user has asked for
    are in pixels at that scale, too.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        pipeline (RunPipeline): That of its run.
        whole (bool): Whether to resize all images as the test does, however
            large they are. Defaults to False.
    """

    def __init__(self, model: BaseSegmentor, pipeline: RunPipeline,
                 whole: bool = False) -> None:
        self.resize = pipeline.resize
        self.factor = training_factor(model.cfg, self.resize)
        self.windows = _windows_of_model(model)
        self.asked = model.windows is not None
        if self.factor is None and self.asked:
            raise ValueError(
                'The size of the training images is not known here, so '
                'windows have no scale. Set native_size=(HEIGHT, WIDTH), the '
                'size of their files, in the config.')
        self.asked_whole = whole
        self.whole = whole or isinstance(model.protocol, Canvas)
        self._side = self._tile_side(model)

    def tiling(self, size: Sequence[int]) -> Optional[Tiling]:
        """How to cut an image.

        Args:
            size (Sequence[int]): Height and width of the image.

        Returns:
            Tiling | None: None if it is predicted as a whole.
        """
        factor = self.factor
        if factor is None or self.whole:
            return None
        pixels = size[0] * size[1] * factor**2
        exceeds = (
            self._resized_to(size) * LARGEST_SHRINKAGE < factor
            if self._has_size else pixels > _MOST_PIXELS)
        if not exceeds and not self._cuts_all:
            return None
        return Tiling(self._tiles, factor)

    @property
    def _has_size(self) -> bool:
        """Whether all images are resized to one size."""
        return self.resize is not None and bool(self.resize.get('scale'))

    @property
    def _cuts_all(self) -> bool:
        """Whether images of any size are cut."""
        return self.asked and self.resize is not None

    @property
    def _tiles(self) -> SlidingWindows:
        """The tiles of an image that is cut."""
        return self.windows or SlidingWindows(
            self._side, self._side * 2 // 3, last='shift', merge='logits')

    def settings(self) -> Optional[dict[str, Any]]:
        """What decides how images are cut, for a record.

        Returns:
            dict | None: Which images are cut, ``scale``, the factor by which
            they are resized before, and ``size``, ``stride`` and ``overlap``
            of the tiles, height and width in pixels of the resized image.
            None if no image is cut.
        """
        if self.factor is None or self.whole:
            return None
        tiles = self._tiles
        images = 'all' if self._cuts_all else (
            f'more than {LARGEST_SHRINKAGE:g} times as large as the training '
            'images' if self._has_size else
            f'of more than {_MOST_PIXELS} pixels at the scale of the training')
        return dict(
            images=images,
            scale=self.factor,
            size=list(tiles.crop_size),
            stride=list(tiles.stride),
            overlap=[size - stride for size, stride in zip(
                tiles.crop_size, tiles.stride)])

    def describe(self) -> str:
        """The same in words.

        Returns:
            str: Such as ``'images of ... in tiles of 512 x 512 pixels ...'``.
        """
        settings = self.settings()
        if settings is None:
            reason = (
                '--whole' if self.asked_whole else
                'the size of the training images is not known'
                if self.factor is None else 'the protocol has a canvas')
            return f'none ({reason})'
        size, overlap = (
            ' x '.join(map(str, settings[key])) for key in ('size', 'overlap'))
        return (f'images: {settings["images"]}; scale: '
                f'{settings["scale"]:.4g} of the file; size: {size} pixels; '
                f'overlap: {overlap}')

    def tiling_note(self, size: Sequence[int]) -> str:
        """What to say of an image that is cut into tiles unasked.

        Args:
            size (Sequence[int]): Height and width of the image.

        Returns:
            str: The rest of a sentence; empty if there is nothing to say.
        """
        if self.asked or self.resize is None or not self.tiling(size):
            return ''
        return (f'more than {LARGEST_SHRINKAGE:g} times as large as the '
                'training images and predicted in tiles, at the scale of the '
                'training. If they show the same view with more pixels, '
                'predict them as a whole: --whole.')

    def shrinkage_note(self, size: Sequence[int]) -> str:
        """What to say of an image that loses its details.

        Args:
            size (Sequence[int]): Height and width of the image.

        Returns:
            str: The rest of a sentence; empty if there is nothing to say.
        """
        tiling = self.tiling(size)
        shrunk = 1 / (tiling.factor if tiling else self._resized_to(size))
        if shrunk <= LARGEST_SHRINKAGE:
            return ''
        advice = ('leave out --whole' if self.asked_whole else
                  'train at a larger size')
        return (f'shrunk more than {LARGEST_SHRINKAGE:g} times before the '
                f'network reads it, so that small objects vanish: {advice}.')

    def _resized_to(self, size: Sequence[int]) -> float:
        """By how much the pipeline resizes an image."""
        return 1. if self.resize is None else resize_factor(self.resize, size)

    def _tile_side(self, model: BaseSegmentor) -> int:
        """Side of a tile: about that of what was read in training."""
        crop = model.cfg.model.data_preprocessor.get('size')
        size = native_size(model.cfg) if self.resize is not None else None
        if size is not None and self.factor is not None:
            side = max(size) * self.factor
        else:
            side = max(crop) if crop else _SIDE
        return min(-(-int(side) // 32) * 32, _LARGEST_SIDE)


def _windows_of_model(model: BaseSegmentor) -> Optional[SlidingWindows]:
    """The windows of a protocol, or else of a ``test_cfg``."""
    if model.protocol is not None:
        is_sliding = isinstance(model.protocol, SlidingWindows)
        return model.protocol if is_sliding else None
    network = model.network()
    if model.predict_with == ENSEMBLE:
        network = next(iter(network.values()))
    if network.test_cfg.get('mode', 'whole') == 'whole':
        return None
    return windows_of(network.test_cfg)
