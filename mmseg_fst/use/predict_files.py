"""Predictions of many images and videos, in a folder."""
import json
import os
import sys
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from os import path as osp
from typing import Any, NamedTuple

from mmseg.models.segmentors import BaseSegmentor
from tqdm import tqdm

from mmseg_fst.utils.files import save_json
from mmseg_fst.utils.messages import lacks_memory, printable

from .outputs import OUTPUTS
from .overlays import legend
from .prediction_writer import PredictionWriter
from .sources import Source

#: File that says how the predictions of a folder were made.
SETTINGS = 'predict.json'
#: File that shows the colors of the classes.
LEGEND = 'legend.png'


class Report(NamedTuple):
    """Outcome of the images and videos.

    Attributes:
        written (int): Number of predicted files.
        existing (int): Number of files that already existed.
        failed (dict[str, str]): Reason by path of files that cannot be read.
    """
    written: int
    existing: int
    failed: dict[str, str]


def predict_files(model: BaseSegmentor,
                  sources: Iterable[Source],
                  folder: str,
                  save: Collection[str] = ('labels', 'overlays', 'areas'),
                  opacity: float = 0.5,
                  scales: Sequence[float] = (1., ),
                  flip: bool = False,
                  whole: bool = False) -> Report:
    """Predict images and videos, with a progress bar.

    What is in the folder already is kept, so the same call goes on where it
    was broken off. A file that cannot be read or predicted does not stop the
    others. How large images were predicted is printed.

    Args:
        model (BaseSegmentor): Of :func:`load_model`.
        sources (Iterable[Source]): Of :func:`find_sources`.
        folder (str): Where to, see :class:`PredictionWriter`;
            ``predict.json`` in it says how, and names the classes, and
            ``legend.png`` shows their colors.
        save (Collection[str]): Which of ``'labels'``, ``'overlays'``,
            ``'areas'``, ``'probabilities'`` and ``'probability-images'``.
            Defaults to the first three.
        opacity (float): Share of the color in an overlay, in [0, 1].
            Defaults to 0.5.
        scales (Sequence[float]): See :func:`predict`. Defaults to 1 alone.
        flip (bool): See :func:`predict`. Defaults to False.
        whole (bool): See :func:`predict`. Defaults to False.

    Returns:
        Report: What became of them.

    Raises:
        ValueError: If there is no such output, or the folder holds
            predictions that were made otherwise.
    """
    unknown = sorted(set(save) - set(OUTPUTS))
    if unknown or not save:
        raise ValueError(f'save={list(save)}; give one or more of '
                         f'{", ".join(OUTPUTS)}.')
    if not 0 <= opacity <= 1:
        raise ValueError(f'opacity must be in [0, 1], got {opacity}.')
    writer = PredictionWriter(model, folder, save, opacity, scales, flip,
                              whole)
    _agree(
        osp.join(folder, SETTINGS),
        dict(
            checkpoint=osp.abspath(model.checkpoint),
            # A new training writes to the same path.
            checkpoint_of=str(datetime.fromtimestamp(
                int(osp.getmtime(model.checkpoint)))),
            network=model.predict_with,
            protocol=model.protocol_name,
            scales=list(scales),
            flip=flip,
            opacity=opacity,
            windows=model.windows and list(model.windows),
            whole=whole,
            tiling=writer.predictor.rule.settings(),
            **model.dataset_meta))
    if 'overlays' in save:
        legend(model.dataset_meta).save(osp.join(folder, LEGEND))
    try:
        report = _predict_each(writer, list(sources))
    finally:
        if 'areas' in save:
            writer.areas.save()
    for note, names in writer.notes.items():
        count = f'{len(names)} images are' if names[1:] else 'An image is'
        tqdm.write(f'{count} {note} (The first: {printable(names[0])}.)',
                   file=sys.stderr)
    return report


def _predict_each(writer: PredictionWriter,
                  sources: Sequence[Source]) -> Report:
    """Predict files; those that fail are listed."""
    done, failed = [], {}
    for source in tqdm(sources, 'Predicting', unit=' files'):
        act = writer.video if source.is_video else writer.image
        try:
            done.append(act(source))
        # A bad file raises errors of many libraries.
        except Exception as error:
            failed[source.path] = _reason(source.path, error)
    return Report(sum(done), len(done) - sum(done), failed)


def _reason(path: str, error: Exception) -> str:
    """Why a file was not predicted, with its name."""
    text = str(error)
    if lacks_memory(error):
        text += (' Predict smaller windows, such as --windows 512 341, or '
                 'use another --device.')
    if not isinstance(error, (OSError, ValueError, ImportError)):
        text = f'{type(error).__name__}: {text}'
    return text if path in text else f'{path}: {text}'


def _agree(path: str, settings: dict[str, Any]) -> None:
    """Write how predictions are made; raise if it was otherwise before."""
    if osp.isfile(path):
        with open(path) as file:
            past = json.load(file)
        for key, value in settings.items():
            if key in past and past[key] != value:
                raise ValueError(
                    f'{path}: the predictions in this folder were made with '
                    f'{key}={past.get(key)!r}, now it is {value!r}. Give '
                    'another folder, or remove that one.')
    os.makedirs(osp.dirname(path) or os.curdir, exist_ok=True)
    save_json(path, settings)
