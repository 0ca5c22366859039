"""Selection of a checkpoint, with or without labels of the target."""
from os import path as osp
from typing import NamedTuple

from mmengine.config import Config

from mmseg_fst.config.run_folder import sorted_checkpoints
from mmseg_fst.engine import LABEL_FREE
from mmseg_fst.ops import LABEL_FREE_RULES
from mmseg_fst.utils.checkpoint import iteration_of

from .score_files import read_results

#: What ``--select`` takes for the score of the config, which needs labels.
LABELS = 'labels'
#: What it takes for a score that needs none, with ``:SCORE`` for one of
#: :data:`mmseg_fst.ops.LABEL_FREE_RULES`.
LABEL_FREE_OPTION = 'label-free'
#: The score of ``label-free``: that of Saito et al., ICCV 2021. Which one
#: ranks best here is measured by ``tools/anatomy.py --rank``.
DEFAULT_SCORE = 'density'


def parse_selection(text: str) -> str:
    """Read the argument of ``--select``.

    Args:
        text (str): ``'labels'``, ``'label-free'`` or ``'label-free:SCORE'``.

    Returns:
        str: Name of the score that needs no labels; empty for ``'labels'``.

    Raises:
        ValueError: If it is another text, or there is no such score.

    Example:
        >>> parse_selection('label-free:entropy')
        'entropy'
    """
    option, _, score = text.partition(':')
    if text == LABELS:
        return ''
    score = score or DEFAULT_SCORE
    if option != LABEL_FREE_OPTION or score not in LABEL_FREE_RULES:
        raise ValueError(
            f"--select must be '{LABELS}', '{LABEL_FREE_OPTION}' or "
            f"'{LABEL_FREE_OPTION}:SCORE' with one of "
            f'{", ".join(LABEL_FREE_RULES)}, got {text!r}.')
    return score


def select_best(cfg: Config, select: str) -> None:
    """Let a run save the best checkpoint by another score.

    Args:
        cfg (Config): Config of a run; changed in place.
        select (str): See :func:`parse_selection`. The network is that of the
            score of the config, or else the student.

    Raises:
        ValueError: See :func:`parse_selection`, and if the config saves no
            checkpoints.
    """
    score = parse_selection(select)
    if not score:
        return
    hook = (cfg.get('default_hooks') or {}).get('checkpoint')
    if not hook:
        raise ValueError(
            f'--select {select}: the config has no '
            '`default_hooks.checkpoint`, so nothing is saved; add '
            "dict(type='AtomicCheckpointHook').")
    network, mark, _ = (hook.get('save_best') or '').partition('/')
    hook.save_best = '/'.join(
        [network if mark else 'student', LABEL_FREE, score])
    hook.rule = LABEL_FREE_RULES[score]


class Selected(NamedTuple):
    """A checkpoint that was selected.

    Attributes:
        path (str): Its path.
        score (str): Name of the score, such as
            ``'student/label_free/density'``.
        value (float): The score at the checkpoint.
    """
    path: str
    score: str
    value: float


def best_without_labels(work_dir: str, select: str) -> Selected:
    """The checkpoint in a folder that is best by a score without labels.

    Args:
        work_dir (str): Folder of a run.
        select (str): See :func:`parse_selection`. The student is scored, or
            else the first network.

    Returns:
        Selected: One of the checkpoints that are in the folder.

    Raises:
        FileNotFoundError: If the run has not been validated yet, or no
            checkpoint of a validated iteration is there.
        ValueError: See :func:`parse_selection`, or if the run has no such
            score.
    """
    score = parse_selection(select)
    if not score:
        raise ValueError(f'{select!r} selects with labels; use '
                         f"'{LABEL_FREE_OPTION}'.")
    iterations = read_results(work_dir)['iterations']
    suffix = f'/{LABEL_FREE}/{score}'
    keys = dict.fromkeys(key for entry in iterations.values()
                         for key in entry if key.endswith(suffix))
    if not keys:
        raise ValueError(
            f'{osp.join(work_dir, "results.json")} has no score '
            f'`{LABEL_FREE}/{score}`: the run is of an older version, is '
            'not validated by NetworksValLoop, or lacks what the score '
            'compares; choose another with --select label-free:SCORE.')
    student = f'student{suffix}'
    key = student if student in keys else next(iter(keys))
    found = {}
    for path in sorted_checkpoints(work_dir, '*iter_*.pth'):
        value = iterations.get(str(iteration_of(path)), {}).get(key)
        if value is not None:
            found[path] = value
    if not found:
        raise FileNotFoundError(
            f'There is no checkpoint of a validated iteration in {work_dir}; '
            'train first, or keep more of them: --cfg-options '
            'default_hooks.checkpoint.max_keep_ckpts=-1')
    better = max if LABEL_FREE_RULES[score] == 'greater' else min
    path = better(found, key=found.__getitem__)
    return Selected(path, key, found[path])
