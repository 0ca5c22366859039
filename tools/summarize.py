"""Make a Markdown table of finished runs: last and best mIoU, over seeds.

    python tools/summarize.py work_dirs/demo/* [--metric mIoU]

A row for each run folder with seed_* in it; mean and standard deviation (of
the sample) over its seeds.
"""
import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mmseg_fst.apis.results import read_scores


def mean_and_std(values: Sequence[float]) -> str:
    """Mean, and the standard deviation where there is one.

    Args:
        values (Sequence[float]): At least one number.

    Returns:
        str: Such as ``'54.3 ± 0.8'``.
    """
    mean = f'{statistics.mean(values):.1f}'
    if len(values) == 1:
        return mean
    return f'{mean} ± {statistics.stdev(values):.1f}'


def row(run: Path, metric: str) -> str:
    """One row of the table.

    Args:
        run (Path): Folder with ``seed_*`` folders.
        metric (str): The metric.

    Returns:
        str: The row in Markdown.
    """
    seeds = sorted(path.parent for path in run.glob('seed_*/results.json'))
    values = defaultdict(list)
    minutes, iterations = [], set()
    for seed in seeds:
        content = json.loads((seed / 'results.json').read_text())
        minutes.append(content['train_minutes'])
        iterations.add(max(map(int, content['iterations'])))
        for score in read_scores(str(seed), metric):
            values[score.network, 'last'].append(score.last)
            values[score.network, 'best'].append(score.best)
    cells = [
        run.name, '/'.join(map(str, sorted(iterations))),
        str(len(seeds)), f'{statistics.mean(minutes):.1f}'
    ]
    for network in ('student', 'teacher'):
        for moment in ('last', 'best'):
            numbers = values.get((network, moment))
            cells.append(mean_and_std(numbers) if numbers else '-')
    return f'| {" | ".join(cells)} |'


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('runs', nargs='+', type=Path)
    parser.add_argument('--metric', default='mIoU')
    args = parser.parse_args()
    print('| run | iterations | seeds | minutes of training | student, last |'
          ' student, best | teacher, last | teacher, best |')
    print('|---|---|---|---|---|---|---|---|')
    for run in args.runs:
        if any(run.glob('seed_*/results.json')):
            print(row(run, args.metric))


if __name__ == '__main__':
    main()
