"""What is written of predicted images and videos."""
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import path as osp
from pathlib import Path

import cv2
import mmcv
import numpy as np
from mmseg.models.segmentors import BaseSegmentor
from tqdm import tqdm

from mmseg_fst.datasets.loading import loader_of
from mmseg_fst.utils.files import atomic_write, read_label, save_label
from mmseg_fst.utils.images import color_label, to_rgb, write_image

from .predict import Prediction, predict
from .sources import Source

#: What can be written of each image.
OUTPUTS = ('labels', 'overlays', 'probabilities')


class PredictionWriter:
    """Predicts images and writes what is asked for, each file once.

    ``labels/NAME.png`` are paletted PNGs of class ids, ``overlays/NAME.jpg``
    the image under its colors, ``probabilities/NAME.npy`` of shape
    (C, H, W), float16. Of a video they are ``NAME/000000`` and so on, and
    one ``overlays/NAME.mp4``.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        folder (str): Where to.
        save (Collection[str]): Which of :data:`OUTPUTS`.
        opacity (float): Share of the color in an overlay, in [0, 1].
        scales (Sequence[float]): See :func:`predict`.
        flip (bool): See :func:`predict`.
    """

    def __init__(self, model: BaseSegmentor, folder: str,
                 save: Collection[str], opacity: float,
                 scales: Sequence[float], flip: bool) -> None:
        self.model = model
        self.folder = folder
        self.save = save
        self.opacity = opacity
        self.scales = tuple(scales)
        self.flip = flip
        self.palette = model.dataset_meta['palette']
        self.loader = loader_of(model.cfg.test_dataloader.dataset.pipeline)

    def path(self, kind: str, name: str, ending: str) -> str:
        """Where something is written.

        Args:
            kind (str): One of :data:`OUTPUTS`.
            name (str): Name of the image or video.
            ending (str): Ending of the file.

        Returns:
            str: The path.
        """
        return osp.join(self.folder, kind, name + ending)

    def image(self, source: Source) -> bool:
        """Predict one image.

        Args:
            source (Source): The image.

        Returns:
            bool: Whether anything was still to be written.

        Raises:
            OSError: If it cannot be read or written.
        """
        overlay = self.path('overlays', source.name, '.jpg')
        painted = 'overlays' not in self.save or osp.isfile(overlay)
        if painted and self._has(source.name):
            return False
        image = self._load(source.path)
        label = self._label(image, source.name)
        if not painted:
            with atomic_write(overlay) as temporary:
                write_image(str(temporary), self._overlay(image, label))
        return True

    def video(self, source: Source) -> bool:
        """Predict all images of a video, with a progress bar.

        What is written of each of them is kept, so that a long video goes on
        where it was broken off; its overlay is then painted anew.

        Args:
            source (Source): The video.

        Returns:
            bool: Whether anything was still to be written.

        Raises:
            OSError: If it cannot be read or written.
        """
        video = mmcv.VideoReader(source.path)
        if video.frame_cnt < 1:
            raise OSError(
                f'{source.path} cannot be read as a video by OpenCV.')
        overlay = self.path('overlays', source.name, '.mp4')
        painted = 'overlays' not in self.save or osp.isfile(overlay)
        names = [f'{source.name}/{index:06d}' for index in range(len(video))]
        if painted and all(map(self._has, names)):
            return False
        frames = zip(names, tqdm(video, source.name, leave=False))
        labeled = self._labeled(frames)
        if painted:
            for _ in labeled:
                pass
            return True
        with _video_writer(overlay, video.fps, video.resolution) as write:
            for image, label in labeled:
                write(self._overlay(image, label))
        return True

    def _labeled(
        self, frames: Iterable[tuple[str, np.ndarray]]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """RGB images of a video, and their labels."""
        for name, frame in frames:
            image = np.ascontiguousarray(frame[..., ::-1])
            yield image, self._label(image, name)

    def _has(self, name: str) -> bool:
        """Whether labels and probabilities of an image are written."""
        return all(
            osp.isfile(self.path(kind, name, ending))
            for kind, ending in (('labels', '.png'), ('probabilities', '.npy'))
            if kind in self.save)

    def _label(self, image: np.ndarray, name: str) -> np.ndarray:
        """Class ids (H, W) of an image: read, or else predicted."""
        label = self.path('labels', name, '.png')
        if 'labels' in self.save and self._has(name):
            return read_label(
                Path(label), 'Remove it, and it is predicted again.')
        prediction = predict(
            self.model,
            image,
            scales=self.scales,
            flip=self.flip,
            with_probabilities='probabilities' in self.save)[0]
        self._write(prediction, name)
        return prediction.label

    def _write(self, prediction: Prediction, name: str) -> None:
        """Write label and probabilities."""
        if prediction.probabilities is not None:
            path = self.path('probabilities', name, '.npy')
            with atomic_write(path) as temporary:
                np.save(temporary, prediction.probabilities.astype(np.float16))
        if 'labels' in self.save:
            save_label(
                self.path('labels', name, '.png'), prediction.label,
                self.palette, optimize=False)

    def _overlay(self, image: np.ndarray, label: np.ndarray) -> np.ndarray:
        """An image under the colors of its classes, RGB."""
        if image.shape[2:] == (3, ):
            image = image[..., ::-1]
        shown = to_rgb(
            self.loader.prepare(image, 'The image'), self.model.dataset_meta,
            bgr=True)
        return cv2.addWeighted(
            np.ascontiguousarray(shown), 1 - self.opacity,
            color_label(label, self.palette), self.opacity, 0)

    def _load(self, path: str) -> np.ndarray:
        """Values of an image file, (H, W, C) or (H, W); three are RGB."""
        image = self.loader.read(path)
        if image.shape[2:] == (3, ):
            image = np.ascontiguousarray(image[..., ::-1])
        return image


@contextmanager
def _video_writer(path: str, fps: float, size: tuple[int, int]
                  ) -> Iterator[Callable[[np.ndarray], object]]:
    """A function that appends RGB images to a video."""
    with atomic_write(path) as temporary:
        codec = cv2.VideoWriter.fourcc(*'mp4v')
        video = cv2.VideoWriter(str(temporary), codec, fps or 25, size)
        if not video.isOpened():
            raise OSError(f'{path} could not be written; is the disk full, or '
                          'OpenCV built without FFmpeg?')
        try:
            yield lambda image: video.write(image[..., ::-1])
        finally:
            video.release()
