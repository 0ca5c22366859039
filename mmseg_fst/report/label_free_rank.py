"""How well scores without labels rank checkpoints and methods."""
from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import isfinite, nan
from statistics import mean
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from mmseg_fst.engine import LABEL_FREE
from mmseg_fst.ops import LABEL_FREE_RULES

from .runs import Method

#: Fewest candidates that are ranked.
_FEWEST = 3


class Ranking(NamedTuple):
    """How a score ranks candidates whose mIoU is known.

    Attributes:
        correlation (float): Spearman's rank correlation with the mIoU, in
            [-1, 1]; NaN if one of them is the same for all.
        regret (float): mIoU of the best candidate less that of the selected
            one, in percent, at least 0.
    """
    correlation: float
    regret: float


def rank_candidates(values: Sequence[float], scores: Sequence[float],
                    rule: str) -> Ranking:
    """Compare a score without labels with the mIoU.

    Args:
        values (Sequence[float]): The score of each candidate.
        scores (Sequence[float]): Its mIoU, in percent.
        rule (str): ``'greater'`` or ``'less'``: which values are better.

    Returns:
        Ranking: The correlation is positive if better values have a higher
        mIoU. Of equally good values the first is selected.

    Example:
        >>> rank_candidates([.3, .2, .1], [40., 50., 45.], 'less').regret
        5.0
    """
    signed = np.array(values) * (1 if rule == 'greater' else -1)
    ranks = rankdata(signed), rankdata(scores)
    constant = any(len(set(rank.tolist())) == 1 for rank in ranks)
    correlation = nan if constant else float(np.corrcoef(*ranks)[0, 1])
    return Ranking(correlation, max(scores) - scores[int(signed.argmax())])


def rank_checkpoints(methods: Iterable[Method]) -> dict[
        tuple[str, str], list[Ranking]]:
    """Rank the validations of each run.

    Args:
        methods (Iterable[Method]): Runs with three validations or more.

    Returns:
        dict[tuple[str, str], list[Ranking]]: By network and score, one for
        each run.
    """
    found = defaultdict(list)
    for method in methods:
        for run in method.runs:
            for network, score in _pairs(run.scores):
                values = run.scores[f'{network}/{LABEL_FREE}/{score}']
                known = run.scores[f'{network}/mIoU']
                steps = [step for step in known if step in values]
                if len(steps) >= _FEWEST:
                    found[network, score].append(rank_candidates(
                        [values[step] for step in steps],
                        [known[step] for step in steps],
                        LABEL_FREE_RULES[score]))
    return dict(found)


def rank_methods(methods: Iterable[Method]) -> dict[
        tuple[str, str], list[Ranking]]:
    """Rank the methods by their last validations, seed by seed.

    Args:
        methods (Iterable[Method]): Three methods or more.

    Returns:
        dict[tuple[str, str], list[Ranking]]: By network and score, one for
        each seed.
    """
    candidates = defaultdict(list)
    for method in methods:
        for run in method.runs:
            for network, score in _pairs(run.scores):
                values = run.scores[f'{network}/{LABEL_FREE}/{score}']
                reached = run.scores[f'{network}/mIoU']
                last = max(reached)
                if last in values:
                    candidates[run.folder.name, network, score].append(
                        (values[last], reached[last]))
    found = defaultdict(list)
    for (_, network, score), pairs in candidates.items():
        if len(pairs) >= _FEWEST:
            found[network, score].append(rank_candidates(
                [value for value, _ in pairs],
                [reached for _, reached in pairs], LABEL_FREE_RULES[score]))
    return dict(found)


def _pairs(scores: Iterable[str]) -> list[tuple[str, str]]:
    """Networks and scores without labels among names of metrics."""
    scores = set(scores)
    found = []
    for key in sorted(scores):
        network, mark, score = key.partition(f'/{LABEL_FREE}/')
        if mark and score in LABEL_FREE_RULES and f'{network}/mIoU' in scores:
            found.append((network, score))
    return found


def rank_cells(methods: Sequence[Method]) -> list[list[str]]:
    """Cells of the table of rankings, the head first.

    Args:
        methods (Sequence[Method]): The methods.

    Returns:
        list[list[str]]: Texts of the cells by row; the head alone if nothing
        can be ranked.
    """
    checkpoints, named = rank_checkpoints(methods), rank_methods(methods)
    cells = [['network', 'score', 'runs', 'checkpoints: rank correlation',
              'checkpoints: regret, mIoU', 'seeds',
              'methods: rank correlation', 'methods: regret, mIoU']]
    for key in sorted({*checkpoints, *named}):
        cells.append([*key, *_summary(checkpoints.get(key, [])),
                      *_summary(named.get(key, []))])
    return cells


def _summary(rankings: Sequence[Ranking]) -> list[str]:
    """Number of rankings, mean correlation and mean regret."""
    if not rankings:
        return ['0', '-', '-']
    known = [ranking.correlation for ranking in rankings
             if isfinite(ranking.correlation)]
    return [str(len(rankings)), f'{mean(known):.2f}' if known else '-',
            f'{mean(ranking.regret for ranking in rankings):.2f}']
