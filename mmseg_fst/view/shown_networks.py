"""Networks of finished runs, and their predictions as a page shows them."""
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import cv2
import numpy as np
from mmseg.models.segmentors import BaseSegmentor

from mmseg_fst.run.run_config import title_of
from mmseg_fst.use.load import load_model
from mmseg_fst.use.overlays import displayed
from mmseg_fst.use.predict import Predictor
from mmseg_fst.utils.tinting import unpainted_classes

#: Longest side of an image on the page, in pixels.
LONGEST_SIDE = 1600


class ShownPrediction(NamedTuple):
    """A prediction, shrunk to the size at which a page shows it.

    Attributes:
        image (np.ndarray): The image, RGB of shape (h, w, 3), uint8; its
            longest side has at most :data:`LONGEST_SIDE` pixels.
        label (np.ndarray): Class ids of shape (h, w), uint8.
        confidence (np.ndarray, optional): Probability of the predicted class
            of shape (h, w), uint8, of which 255 is 1. None if it was not
            asked for.
        size (tuple[int, int]): Height and width of the image before it was
            shrunk.
        shares (list[float]): Share of the pixels of each class, in [0, 1],
            counted before.
        note (str): How an image was predicted that is much larger than the
            training images; empty for all others.
    """
    image: np.ndarray
    label: np.ndarray
    confidence: Optional[np.ndarray]
    size: tuple[int, int]
    shares: list[float]
    note: str


class ShownNetwork:
    """A network of a run: a student, a teacher or an ensemble.

    The networks of a run share one model, so only one of them may predict at
    a time.

    Args:
        name (str): What the run is called.
        model (BaseSegmentor): Of :func:`load_model`.
        network (str): Which network of the model, one of ``model.networks``.
        whole (bool): Whether to predict large images as a whole. Defaults to
            False.
    """

    def __init__(self, name: str, model: BaseSegmentor, network: str,
                 whole: bool = False) -> None:
        self.name = name
        self.network = network
        self.meta = model.dataset_meta
        self._model = model
        # Tiles depend on the network.
        model.predict_with = network
        self._predictor = Predictor(model, whole=whole)

    @property
    def title(self) -> str:
        """Name of the run and the network."""
        return f'{self.name}: {self.network}'

    def unpainted(self) -> list[int]:
        """Ids of the classes under which an image stays as it is."""
        return unpainted_classes(self.meta)

    def predict(self, path: str, confidence: bool = False) -> ShownPrediction:
        """Predict an image file, as ``tools/predict.py`` does.

        Args:
            path (str): The image.
            confidence (bool): Whether to return the probability of the
                predicted class, too. Defaults to False.

        Returns:
            ShownPrediction: The prediction.

        Raises:
            ImportError: If the file needs a package that is missing.
            OSError: If it is truncated or not an image.
            ValueError: If it is not of the kind trained on.
        """
        image = self._predictor.pipeline.load(path)
        self._model.predict_with = self.network
        labels, shares = [], []
        for rows in self._predictor.rows(image, confidence):
            labels.append(rows.label)
            if rows.probabilities is not None:
                shares.append(_of_label(rows.probabilities, rows.label))
        label = np.concatenate(labels)
        counts = np.bincount(
            label.ravel(), minlength=len(self.meta['classes']))
        height, width = label.shape
        return ShownPrediction(
            _shrunk(displayed(image, self.meta), cv2.INTER_AREA),
            _shrunk(label, cv2.INTER_NEAREST),
            _shrunk(np.concatenate(shares), cv2.INTER_AREA)
            if shares else None, (height, width),
            (counts / label.size).tolist(), self._note((height, width)))

    def _note(self, size: Sequence[int]) -> str:
        """How a large image was predicted; empty for others."""
        rule = self._predictor.rule
        notes = rule.tiling_note(size), rule.shrinkage_note(size)
        return ' '.join(f'The image is {note}' for note in notes if note)


def load_networks(paths: Iterable[str],
                  device: Optional[str] = None,
                  whole: bool = False,
                  trust: bool = False) -> list[ShownNetwork]:
    """Load all networks of runs.

    Args:
        paths (Iterable[str]): Runs as of :func:`load_model`; a folder with a
            run for each seed stands for the first of them.
        device (str, optional): Such as ``'cuda:1'``. Defaults to None: what
            there is.
        whole (bool): Whether to predict large images as a whole. Defaults to
            False.
        trust (bool): Whether checkpoints may run code. Defaults to False.

    Returns:
        list[ShownNetwork]: The networks of each run: the student and, if it
        has one, the teacher; of co-training each student and the ensemble.

    Raises:
        FileNotFoundError: If there is no such run or checkpoint.
        ValueError: If checkpoint and config do not fit.

    Example:
        >>> networks = load_networks(['work_dirs/demo/first_fst/seed_0'])
        >>> networks[0].predict('photo.jpg').shares
    """
    chosen = dict.fromkeys(map(_first_seed, paths))
    names = _names(list(chosen))
    networks = []
    for path, name in zip(chosen, names):
        model = load_model(path, device, trust=trust)
        networks += [
            ShownNetwork(name, model, network, whole)
            for network in model.networks
        ]
    return networks


def _first_seed(path: str) -> str:
    """The first run of a folder with a run for each seed."""
    folder = Path(path).expanduser()
    seeds = sorted(folder.glob('seed_*'), key=_number)
    has_run = any(folder.glob('*.pth')) or (folder / 'config.json').is_file()
    return str(seeds[0] if seeds and not has_run else folder)


def _number(folder: Path) -> tuple[int, str]:
    """Sorts ``seed_10`` behind ``seed_2``."""
    digits = folder.name.removeprefix('seed_')
    return int(digits) if digits.isdigit() else -1, folder.name


def _names(paths: Sequence[str]) -> list[str]:
    """The shortest unique names of runs."""
    places = [Path(path).resolve() for path in paths]
    names = [title_of(_config_folder(place)) for place in places]
    depth = 1
    while len(set(names)) < len(names):
        depth += 1
        names = ['/'.join(place.parts[-depth:]) for place in places]
    return names


def _config_folder(place: Path) -> Path:
    """The folder of a run or checkpoint that is named after its config."""
    folder = place.parent if place.is_file() else place
    return folder.parent if folder.name.startswith('seed_') else folder


def _of_label(probabilities: np.ndarray, label: np.ndarray) -> np.ndarray:
    """Probability (h, W) of the predicted class, uint8, 255 is 1."""
    chosen = np.take_along_axis(probabilities, label[None].astype(int), 0)[0]
    return np.rint(255 * chosen.clip(0, 1)).astype(np.uint8)


def _shrunk(values: np.ndarray, interpolation: int) -> np.ndarray:
    """An image whose longest side has at most :data:`LONGEST_SIDE` pixels."""
    height, width = values.shape[:2]
    factor = LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return values
    size = max(1, round(width * factor)), max(1, round(height * factor))
    return cv2.resize(values, size, interpolation=interpolation)
