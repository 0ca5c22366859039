"""What a call returns: scores, paths, predictions."""
import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal, Optional, Union

import numpy as np
from mmseg.models.segmentors import BaseSegmentor
from PIL import Image, ImageOps
from prettytable import PrettyTable

from mmseg_fst.config.run_folder import find_checkpoint
from mmseg_fst.run.score_files import final_warnings
from mmseg_fst.use.load import load_model
from mmseg_fst.use.overlays import legend, overlay
from mmseg_fst.use.predict import Prediction, predict
from mmseg_fst.use.run_pipeline import RunPipeline

from .errors import SelfTrainError, as_exception
from .process_state import caller_state
from .record import Places, read_record
from .stage_scores import Scores, percent, read_networks, read_test

#: An image: a path, RGB values of shape (H, W, 3), uint8, or of Pillow.
AnyImage = Union[str, PathLike, np.ndarray, Image.Image]
#: Which network of a result predicts.
Stage = Literal['self_trained', 'supervised']
_STAGES = ('self_trained', 'supervised')


@dataclass(frozen=True)
class Paths:
    """Where the files of a result are.

    Attributes:
        out (Path): The folder of all.
        data (Path): Lists, masks and statistics of the task.
        configs (Path): Its configs, for ``run_experiments.py``.
        survey (Path): Images, classes and notes about the data.
        supervised (Path): Folder of the supervised run.
        self_trained (Path): Folder of the run of self-training.
        supervised_checkpoint (Path): Best checkpoint of the first.
        checkpoint (Path): Best checkpoint of the second.
        report (Path): The report, a page for a browser.
        log (Path): What the stages have printed.
    """
    out: Path
    data: Path
    configs: Path
    survey: Path
    supervised: Path
    self_trained: Path
    supervised_checkpoint: Path
    checkpoint: Path
    report: Path
    log: Path


@dataclass(frozen=True)
class SelfTrainResult:
    """Networks of a call, their scores and files.

    In a notebook it is shown as a table that compares both stages.

    Attributes:
        method (str): Method of self-training.
        classes (tuple[str, ...]): Names of the classes, by id.
        scores (Scores): Of supervised training and of self-training.
        paths (Paths): Where the files are.
        warnings (tuple[str, ...]): Classes that were not learned, and other
            warnings of the runs.
        debug (bool): Whether the runs are debug runs, whose scores mean
            nothing.
        device (str, optional): Device that predicts; None for a GPU if there
            is one.

    Example:
        >>> result = load_result('clothes')
        >>> labels = result.predict(['a.jpg', 'b.jpg'])
        >>> result.scores.gain['best']
    """
    method: str
    classes: tuple[str, ...]
    scores: Scores
    paths: Paths
    warnings: tuple[str, ...] = ()
    debug: bool = False
    device: Optional[str] = None
    _models: dict[str, BaseSegmentor] = field(
        default_factory=dict, repr=False, compare=False)

    def predict(self, images: Union[AnyImage, Iterable[AnyImage]],
                probabilities: bool = False,
                stage: Stage = 'self_trained',
                scales: Sequence[float] = (1., ),
                flip: bool = False
                ) -> Union[np.ndarray, Prediction, list[np.ndarray],
                           list[Prediction]]:
        """Predict images as the test of the run does.

        Args:
            images (str | Path | np.ndarray | PIL.Image.Image | Iterable): An
                image or several: paths, RGB values of shape (H, W, 3), uint8,
                or images of Pillow, which are converted to RGB. Of networks
                for other channels the values of a file, (H, W, C) or (H, W).
            probabilities (bool): Whether to return probabilities, too.
                Defaults to False.
            stage (str): ``'self_trained'``, or ``'supervised'`` for the
                network before self-training. Defaults to
                ``'self_trained'``.
            scales (Sequence[float]): Factors of the size over which
                probabilities are averaged. Defaults to 1 alone.
            flip (bool): Whether to average with the mirrored image. Defaults
                to False.

        Returns:
            np.ndarray | Prediction | list: Class ids of the shape of the
            image (H, W), uint8; with ``probabilities`` a :class:`Prediction`
            of ``label`` and ``probabilities`` (C, H, W), float32. Of several
            images a list.

        Raises:
            SelfTrainError: If an image cannot be read or predicted.
        """
        single = isinstance(images, (str, PathLike, Image.Image)) or (
            isinstance(images, np.ndarray) and images.ndim < 4)
        several: Any = [images] if single else list(images)  # type: ignore
        with as_exception(()), caller_state():
            model = self._model(stage)
            found = predict(
                model, [_values(image, model) for image in several], scales,
                flip, probabilities)
        chosen: list[Any] = found if probabilities else [
            each.label for each in found]
        return chosen[0] if single else chosen

    def overlay(self, image: AnyImage,
                stage: Stage = 'self_trained',
                opacity: float = .5) -> Image.Image:
        """Predict an image and paint the classes on it.

        Args:
            image (str | Path | np.ndarray | PIL.Image.Image): See
                :meth:`predict`.
            stage (str): See :meth:`predict`. Defaults to
                ``'self_trained'``.
            opacity (float): Share of the colors, in [0, 1]. Defaults to 0.5.

        Returns:
            PIL.Image.Image: RGB image at the size of the image. The
            background and black classes are not painted.

        Raises:
            SelfTrainError: See :meth:`predict`.
        """
        label = self.predict(image, stage=stage)
        assert isinstance(label, np.ndarray)
        model = self._model(stage)
        loaded = RunPipeline(model.cfg).load(_values(image, model))
        return Image.fromarray(
            overlay(loaded, label, model.dataset_meta, opacity))

    def legend(self) -> Image.Image:
        """The names and colors of the classes.

        Returns:
            PIL.Image.Image: An RGB image with a row for each class.
        """
        with caller_state():
            return legend(self._model('self_trained').dataset_meta)

    def _model(self, stage: str) -> BaseSegmentor:
        """The network of a stage, loaded once."""
        if stage not in _STAGES:
            raise SelfTrainError(f'stage={stage!r} must be one of '
                                 f'{", ".join(map(repr, _STAGES))}.')
        if stage not in self._models:
            self._models[stage] = load_model(
                str(getattr(self.paths, stage)), self.device)
        return self._models[stage]

    def _title(self) -> str:
        """A line above the table."""
        debug = ', debug run: scores mean nothing' if self.debug else ''
        return f'IoU, %: labels alone and {self.method}{debug}'

    def __repr__(self) -> str:
        table = PrettyTable(['class', 'supervised', self.method, 'gain'])
        table.align = 'r'
        for name, before, after, gain in self.scores.rows():
            table.add_row([name, percent(before), percent(after),
                           percent(gain, sign=True)])
        lines = [self._title(), str(table), f'last: {self._last()}',
                 *(f'Warning: {text}' for text in self.warnings),
                 f'report: {self.paths.report}']
        return '\n'.join(lines)

    def _last(self) -> str:
        """The scores after the last iteration, in words."""
        return (f'{percent(self.scores.supervised.last)} and '
                f'{percent(self.scores.self_trained.last)}, gain '
                f'{percent(self.scores.gain["last"], sign=True)}')

    def _repr_html_(self) -> str:
        head = ''.join(f'<th>{html.escape(name)}</th>' for name in (
            'class', 'supervised', self.method, 'gain'))
        rows = ''.join(
            f'<tr><th>{html.escape(name)}</th><td>{percent(before)}</td>'
            f'<td>{percent(after)}</td><td>{percent(gain, sign=True)}</td>'
            '</tr>' for name, before, after, gain in self.scores.rows())
        notes = ''.join(f'<p>Warning: {html.escape(text)}</p>'
                        for text in self.warnings)
        return (f'<table><caption>{html.escape(self._title())}</caption>'
                f'<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>'
                f'<p>After the last iteration: {self._last()}</p>{notes}'
                f'<p>Report: {html.escape(str(self.paths.report))}</p>')


def _values(image: AnyImage, model: BaseSegmentor) -> Any:
    """A path or an array; of Pillow as its file would be decoded."""
    if not isinstance(image, Image.Image):
        return image
    loader = RunPipeline(model.cfg).loader
    gray = getattr(loader, 'channels', 3) == 1
    turned = ImageOps.exif_transpose(image)
    return np.asarray(turned.convert('L' if gray else 'RGB'))


def load_result(out: Union[str, PathLike],
                device: Optional[str] = None) -> SelfTrainResult:
    """The result of an earlier call of :func:`self_train`.

    Args:
        out (str | Path): The folder of the call. It may have been moved.
        device (str, optional): Device that predicts, such as ``'cuda:1'``.
            Defaults to None: a GPU if there is one.

    Returns:
        SelfTrainResult: As the call has returned it.

    Raises:
        SelfTrainError: If the folder is not one of :func:`self_train`, the
            call is not finished, or files are missing.
    """
    places = Places(Path(out).expanduser().resolve())
    record = read_record(places)
    if not record['finished']:
        raise SelfTrainError(
            f'The call of {places.out} is not finished. Call self_train again '
            'with the same arguments to continue it.')
    with as_exception(()):
        return read_result(places, record, device)


def read_result(places: Places, record: dict[str, Any],
                device: Optional[str] = None) -> SelfTrainResult:
    """Read the files of a finished call.

    Args:
        places (Places): Its folder.
        record (dict): Its record.
        device (str, optional): See :func:`load_result`. Defaults to None.

    Returns:
        SelfTrainResult: The result.

    Raises:
        FileNotFoundError: If a file is missing.
    """
    arguments = record['arguments']
    method, debug = arguments['method'], arguments['debug']
    runs = {stage: places.run(name, arguments['seed'], debug)
            for stage, name in zip(_STAGES, (method, 'supervised'))}
    networks = {stage: read_networks(run) for stage, run in runs.items()}
    test = None
    if record['split'] == 'test':
        test = {stage: read_test(run, 'student')
                for stage, run in runs.items()}
    scores = Scores(networks['supervised']['student'],
                    networks['self_trained']['student'],
                    networks['self_trained'].get('teacher'), test)
    checkpoints = {stage: Path(find_checkpoint(str(run)))
                   for stage, run in runs.items()}
    paths = Paths(
        places.out, places.data, places.configs, places.survey,
        runs['supervised'], runs['self_trained'], checkpoints['supervised'],
        checkpoints['self_trained'], places.report, places.log)
    return SelfTrainResult(
        method, tuple(record['classes']), scores, paths,
        tuple(final_warnings(str(runs['self_trained']))), debug, device)
