"""What is written of predicted images and videos."""
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from os import path as osp
from pathlib import Path
from typing import Optional

import cv2
import mmcv
import numpy as np
from mmseg.models.segmentors import BaseSegmentor
from tqdm import tqdm

from mmseg_fst.utils.files import atomic_write, read_label, save_label
from mmseg_fst.utils.images import write_image

from .areas import AreaTable
from .georeference import georeference, save_geotiff
from .overlays import overlay
from .predict import Predictor
from .probability_files import ProbabilityFiles
from .sources import Source


class PredictionWriter:
    """Predicts images and writes what is asked for, each file once.

    ``labels/NAME.png`` are paletted PNGs of class ids, and of a GeoTIFF
    ``labels/NAME.tif`` with its georeference; ``overlays/NAME.jpg`` the image
    under its colors, ``areas.csv`` the area of each class,
    ``probabilities/NAME.npy`` of shape (C, H, W), float16, and
    ``probability_images/NAME/ID_CLASS.png`` the same in [0, 255]. Of a video
    they are ``NAME/000000`` and so on, and one ``overlays/NAME.mp4``.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        folder (str): Where to.
        save (Collection[str]): Which of :data:`.OUTPUTS`.
        opacity (float): Share of the color in an overlay, in [0, 1].
        scales (Sequence[float]): See :func:`predict`.
        flip (bool): See :func:`predict`.
        whole (bool): See :func:`predict`. Defaults to False.
    """

    def __init__(self, model: BaseSegmentor, folder: str,
                 save: Collection[str], opacity: float,
                 scales: Sequence[float], flip: bool,
                 whole: bool = False) -> None:
        self.folder = folder
        self.save = save
        self.opacity = opacity
        self.meta = model.dataset_meta
        self.predictor = Predictor(model, scales, flip, whole)
        self.areas = AreaTable(folder, self.meta['classes'])
        self.probabilities = ProbabilityFiles(
            folder, self.meta['classes'], 'probabilities' in save,
            'probability-images' in save)
        #: What to say of how images were predicted, and of which ones.
        self.notes: dict[str, list[str]] = {}

    def path(self, kind: str, name: str, ending: str) -> str:
        """Where something is written.

        Args:
            kind (str): One of :data:`.OUTPUTS`.
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
            ValueError: If it is not of the kind trained on.
        """
        painted_path = self.path('overlays', source.name, '.jpg')
        painted = 'overlays' not in self.save or osp.isfile(painted_path)
        if painted and self._has(source.name):
            return False
        image = self.predictor.pipeline.load(source.path)
        label = self._label(image, source.name, source.path)
        if not painted:
            with atomic_write(painted_path) as temporary:
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
            ValueError: If its images are not of the kind trained on.
        """
        video = mmcv.VideoReader(source.path)
        if video.frame_cnt < 1:
            raise OSError(
                f'{source.path} cannot be read as a video by OpenCV.')
        painted_path = self.path('overlays', source.name, '.mp4')
        painted = 'overlays' not in self.save or osp.isfile(painted_path)
        names = [f'{source.name}/{index:06d}' for index in range(len(video))]
        if painted and all(map(self._has, names)):
            return False
        frames = zip(names, tqdm(video, source.name, leave=False))
        labeled = self._labeled(frames)
        if painted:
            for _ in labeled:
                pass
            return True
        with _video_writer(painted_path, video.fps,
                           video.resolution) as write:
            for image, label in labeled:
                write(self._overlay(image, label))
        return True

    def _labeled(
        self, frames: Iterable[tuple[str, np.ndarray]]
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Loaded images of a video, and their labels."""
        for name, frame in frames:
            image = self.predictor.pipeline.load(
                np.ascontiguousarray(frame[..., ::-1]))
            yield image, self._label(image, name)

    def _has(self, name: str) -> bool:
        """Whether all but the overlay of an image is written."""
        label = self.path('labels', name, '.png')
        if 'labels' in self.save and not osp.isfile(label):
            return False
        if 'areas' in self.save and name not in self.areas.rows:
            if 'labels' not in self.save:
                return False
            self.areas.add(name, self._read_label(name))
        return self.probabilities.has(name)

    def _read_label(self, name: str) -> np.ndarray:
        """Class ids (H, W) of an image that is predicted already."""
        return read_label(
            Path(self.path('labels', name, '.png')),
            'Remove it, and it is predicted again.')

    def _label(self, image: np.ndarray, name: str,
               path: Optional[str] = None) -> np.ndarray:
        """Class ids (H, W) of an image: read, or else predicted."""
        if 'labels' in self.save and self._has(name):
            return self._read_label(name)
        self._note(name, image.shape[:2])
        label = np.empty(image.shape[:2], np.uint8)
        start = 0
        wanted = self.probabilities.wanted
        with self.probabilities.writer(name, label.shape) as write:
            for rows in self.predictor.rows(image, wanted):
                stop = start + len(rows.label)
                label[start:stop] = rows.label
                if rows.probabilities is not None:
                    write(start, rows.probabilities)
                start = stop
        self._write(label, name, path)
        return label

    def _write(self, label: np.ndarray, name: str,
               path: Optional[str]) -> None:
        """Write the label, where it lies on Earth, and count its pixels."""
        palette = self.meta['palette']
        if 'labels' in self.save:
            place = georeference(path) if path else None
            if place is not None:
                save_geotiff(
                    self.path('labels', name, '.tif'), label, place, palette)
            save_label(
                self.path('labels', name, '.png'), label, palette,
                optimize=False)
        if 'areas' in self.save:
            self.areas.add(name, label)

    def _note(self, name: str, size: tuple[int, ...]) -> None:
        """Remember what to say of how an image is predicted."""
        rule = self.predictor.rule
        for note in (rule.tiling_note(size), rule.shrinkage_note(size)):
            if note:
                self.notes.setdefault(note, []).append(name)

    def _overlay(self, image: np.ndarray, label: np.ndarray) -> np.ndarray:
        """An image under the colors of its classes, RGB."""
        return overlay(image, label, self.meta, self.opacity)


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
