"""Scores of finished runs."""
import json
from os import path as osp
from pathlib import Path
from typing import NamedTuple

from mmseg_fst.utils.collapsed import (
    ClassScores,
    beside_score,
    list_classes,
    never_learned,
    zero_classes,
)

#: How far a run has come.
FINISHED, UNFINISHED, NEW = 'finished', 'unfinished', 'new'
#: Name of the file of scores in the folder of a run.
RESULTS = 'results.json'
#: Of files that were written before protocols had names.
NOT_RECORDED = 'not recorded'


class Score(NamedTuple):
    """What one network reached in one run.

    Attributes:
        network (str): ``'student'`` or ``'teacher'``.
        last (float): mIoU after the last iteration, in percent.
        best (float): Largest mIoU of all validations, in percent.
        best_iteration (int): Iteration of that validation.
        zero_last (tuple[str, ...]): Classes whose IoU is 0.0 after the last
            iteration, although they are in the labels. Defaults to none.
        zero_best (tuple[str, ...]): The same at the best validation. Defaults
            to none.
    """
    network: str
    last: float
    best: float
    best_iteration: int
    zero_last: tuple[str, ...] = ()
    zero_best: tuple[str, ...] = ()


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
    content = read_results(work_dir)
    iterations = content['iterations']
    last = max(iterations, key=int)
    scores = []
    for key in sorted(iterations[last]):
        network, _, name = key.rpartition('/')
        if name == metric:
            best = max((i for i in iterations if key in iterations[i]),
                       key=lambda i: iterations[i][key])
            zero = (tuple(zero_classes(
                content.get('classes', {}).get(moment, {}).get(network, {})))
                    for moment in (last, best))
            scores.append(
                Score(network, iterations[last][key], iterations[best][key],
                      int(best), *zero))
    return scores


def last_classes(work_dir: str) -> dict[str, ClassScores]:
    """Scores by class of the last validation of a run.

    Args:
        work_dir (str): Folder of the run, with ``results.json``.

    Returns:
        dict[str, ClassScores]: By network; empty for runs of older versions,
        and without a :class:`ConfusionIoUMetric`.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    content = read_results(work_dir)
    last = max(content['iterations'], key=int)
    return content.get('classes', {}).get(last, {})


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
    return content.get('stopped_early', False) or (
        iterations_of(work_dir) >= content['max_iters'])


def iterations_of(work_dir: str) -> int:
    """Iterations of a run up to its last validation.

    Args:
        work_dir (str): Folder of the run, with ``results.json``.

    Returns:
        int: Their number.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    return max(map(int, read_results(work_dir)['iterations']))


def read_results(work_dir: str) -> dict:
    """Content of ``results.json``, as :class:`ResultsHook` writes it.

    Args:
        work_dir (str): Folder of the run.

    Returns:
        dict: ``seed``, ``max_iters``, ``iterations`` and so on.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    path = osp.join(work_dir, RESULTS)
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
    if not osp.isfile(osp.join(work_dir, RESULTS)):
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
    width = max((len(score.network) for score in scores), default=0)
    return '\n'.join(
        f'{score.network:>{width}}: last mIoU {score.last:.2f}'
        f'{beside_score(score.zero_last)}, best {score.best:.2f}'
        f'{beside_score(score.zero_best)} at iteration '
        f'{score.best_iteration}' for score in scores)


def final_warnings(work_dir: str) -> list[str]:
    """Warnings about classes that a run has not learned.

    Args:
        work_dir (str): Folder of the run, with ``results.json``.

    Returns:
        list[str]: One that names the classes with the IoU 0.0 in every
        validation, if there are any, and the warnings of the last one.

    Raises:
        FileNotFoundError: If the run has not been validated yet.
    """
    content = read_results(work_dir)
    never = never_learned(content.get('classes', {}).values())
    warnings = content.get('warnings', [])
    if never:
        return [f'This run has not learned {list_classes(never)}: IoU 0.0 in '
                'every validation, which the mIoU hides.', *warnings]
    return warnings
