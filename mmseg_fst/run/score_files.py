"""Scores of finished runs."""
import json
from os import path as osp
from pathlib import Path
from typing import NamedTuple

#: How far a run has come.
FINISHED, UNFINISHED, NEW = 'finished', 'unfinished', 'new'
#: Of files that were written before protocols had names.
NOT_RECORDED = 'not recorded'


class Score(NamedTuple):
    """What one network reached in one run.

    Attributes:
        network (str): ``'student'`` or ``'teacher'``.
        last (float): mIoU after the last iteration, in percent.
        best (float): Largest mIoU of all validations, in percent.
        best_iteration (int): Iteration of that validation.
    """
    network: str
    last: float
    best: float
    best_iteration: int


def read_scores(work_dir: str, metric: str = 'mIoU') -> list[Score]:
    """Read the scores of a run.

    Args:
        work_dir (str): Folder of the run, with ``results.json``.
        metric (str): The metric. Defaults to ``'mIoU'``.

    Returns:
        list[Score]: One for each network.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    iterations = read_results(work_dir)['iterations']
    last = max(iterations, key=int)
    scores = []
    for key in sorted(iterations[last]):
        network, _, name = key.rpartition('/')
        if name == metric:
            best = max(iterations, key=lambda i: iterations[i][key])
            scores.append(
                Score(network, iterations[last][key], iterations[best][key],
                      int(best)))
    return scores


def read_protocol(work_dir: str) -> str:
    """Read which evaluation protocol gave the scores of a run.

    Args:
        work_dir (str): Folder of the run, with ``results.json``.

    Returns:
        str: The protocol in words.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    return read_results(work_dir).get('protocol', NOT_RECORDED)


def is_finished(work_dir: str) -> bool:
    """Whether a run was validated after its last iteration, or stopped early.

    Args:
        work_dir (str): Folder of the run, with ``results.json``.

    Returns:
        bool: False if it broke off before.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    content = read_results(work_dir)
    return content.get('stopped_early', False) or max(
        map(int, content['iterations'])) >= content['max_iters']


def read_results(work_dir: str) -> dict:
    """Content of ``results.json``, as :class:`ResultsHook` writes it.

    Args:
        work_dir (str): Folder of the run.

    Returns:
        dict: ``seed``, ``max_iters``, ``iterations`` and so on.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    path = osp.join(work_dir, 'results.json')
    if not osp.isfile(path):
        raise FileNotFoundError(
            f'{path} is missing: no validation of this run has ended yet.')
    with open(path) as file:
        return json.load(file)


def state_of(work_dir: str, max_iters: int) -> str:
    """How far a run has come.

    Args:
        work_dir (str): Its folder.
        max_iters (int): Iterations of its config.

    Returns:
        str: ``FINISHED``, ``UNFINISHED`` or ``NEW``.

    Raises:
        ValueError: If the folder holds a longer run.
    """
    if not osp.isfile(osp.join(work_dir, 'results.json')):
        # Checkpoints of stages are in subfolders.
        begun = any(Path(work_dir).rglob('last_checkpoint'))
        return UNFINISHED if begun else NEW
    past = read_results(work_dir)['max_iters']
    if past > max_iters:
        raise ValueError(
            f'{work_dir} holds a run of {past} iterations, but the config '
            f'asks for {max_iters}; move that folder away.')
    done = past == max_iters and is_finished(work_dir)
    return FINISHED if done else UNFINISHED


def format_scores(scores: list[Score]) -> str:
    """One line for each network.

    Args:
        scores (list[Score]): Scores of a run.

    Returns:
        str: Lines without a newline at the end.
    """
    return '\n'.join(
        f'{score.network:>8}: last mIoU {score.last:.2f}, best '
        f'{score.best:.2f} at iteration {score.best_iteration}'
        for score in scores)
