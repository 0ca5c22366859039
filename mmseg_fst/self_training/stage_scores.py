"""Scores of both stages, by class, and the gain of self-training."""
import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import Any, Optional

from mmseg_fst.run.score_files import read_results, read_scores
from mmseg_fst.run.test import test_folder


@dataclass(frozen=True)
class NetworkScores:
    """What a network has reached on the validation images, in percent.

    Attributes:
        network (str): ``'student'`` or ``'teacher'``.
        last (float): mIoU after the last iteration.
        best (float): Largest mIoU of all validations. It is chosen on the
            images that it is scored on, hence optimistic.
        best_iteration (int): Iteration of that validation.
        last_by_class (dict[str, float]): IoU after the last iteration, nan
            for a class that is not in the labels.
        best_by_class (dict[str, float]): IoU at the best validation.
    """
    network: str
    last: float
    best: float
    best_iteration: int
    last_by_class: dict[str, float]
    best_by_class: dict[str, float]


@dataclass(frozen=True)
class Scores:
    """Scores of supervised training and of self-training after it.

    Both are of the student, the network that predicts, and on the same
    validation images. A part of the gain may be due to the further
    iterations: compare with ``method='continued'``, which continues on the
    labels alone with the same computation.

    Attributes:
        supervised (NetworkScores): After training on labels alone.
        self_trained (NetworkScores): After self-training on all images.
        teacher (NetworkScores, optional): The teacher of self-training. None
            if the method has none.
        test (dict[str, dict[str, float]], optional): mIoU (``'mean'``) and
            IoU by class on the test images, with the best checkpoints, of
            ``'supervised'`` and ``'self_trained'``. None without ``test``.
    """
    supervised: NetworkScores
    self_trained: NetworkScores
    teacher: Optional[NetworkScores] = None
    test: Optional[dict[str, dict[str, float]]] = None

    @property
    def gain(self) -> dict[str, float]:
        """Points of mIoU that self-training adds, ``last`` and ``best``."""
        return {name: round(getattr(self.self_trained, name)
                            - getattr(self.supervised, name), 2)
                for name in ('last', 'best')}

    @property
    def gain_by_class(self) -> dict[str, float]:
        """Points of IoU that self-training adds at the best validations."""
        before = self.supervised.best_by_class
        return {name: value - before.get(name, nan)
                for name, value in self.self_trained.best_by_class.items()}

    def rows(self) -> list[tuple[str, float, float, float]]:
        """The comparison, best validations.

        Returns:
            list[tuple]: Name, supervised, self-trained and gain, in percent;
            the mean first, then each class.
        """
        named = [('mean', self.supervised.best, self.self_trained.best)]
        named += [(name, self.supervised.best_by_class.get(name, nan), value)
                  for name, value in self.self_trained.best_by_class.items()]
        return [(name, before, after, after - before)
                for name, before, after in named]


def percent(value: float, sign: bool = False) -> str:
    """A score as text.

    Args:
        value (float): The score, in percent.
        sign (bool): Whether a plus is written. Defaults to False.

    Returns:
        str: With one decimal; a dash for nan.
    """
    if isnan(value):
        return '-'
    return f'{value:+.1f}'.replace('-0.0', '+0.0') if sign else f'{value:.1f}'


def _iou(scores: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """IoU by class, nan where it is not defined."""
    return {name: nan if values['IoU'] is None else values['IoU']
            for name, values in scores.items()}


def read_networks(run: Path) -> dict[str, NetworkScores]:
    """Read the scores of a run.

    Args:
        run (Path): Its folder.

    Returns:
        dict[str, NetworkScores]: By network.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    content = read_results(str(run))
    by_class = content.get('classes', {})
    last = max(content['iterations'], key=int)

    def classes(iteration: str, network: str) -> dict[str, float]:
        return _iou(by_class.get(iteration, {}).get(network, {}))

    return {
        score.network: NetworkScores(
            score.network, score.last, score.best, score.best_iteration,
            classes(last, score.network),
            classes(str(score.best_iteration), score.network))
        for score in read_scores(str(run))
    }


def read_test(run: Path, network: str) -> dict[str, float]:
    """Read the scores of a run on its test images.

    Args:
        run (Path): Its folder.
        network (str): The network.

    Returns:
        dict[str, float]: mIoU as ``'mean'``, and IoU by class, in percent.

    Raises:
        OSError: If it was not tested.
    """
    path = Path(test_folder(str(run), 'test'), 'test.json')
    content = json.loads(path.read_text())
    return {'mean': content['metrics'][f'{network}/mIoU'],
            **_iou(content['classes'].get(network, {}))}
