"""Make a Markdown table of finished runs: last and best mIoU, over seeds.

    python tools/summarize.py work_dirs/demo/* [--metric mIoU]

One table for each evaluation protocol: scores of different ones do not
compare. A row for each run folder with seed_* in it; mean and standard
deviation (of the sample) over its seeds. Minutes are the median step time of
the logs times the iterations, so that a run that was paused does not look
slow.
"""
import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from mmseg_fst.apis.results import read_protocol, read_scores

HEAD = '''\
| run | iterations | seeds | minutes of training | student, last | student, \
best | teacher, last | teacher, best |
|---|---|---|---|---|---|---|---|'''


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


def train_minutes(seed: Path, iterations: int) -> float:
    """Training time of one run, without validation.

    Args:
        seed (Path): Folder of the run.
        iterations (int): Iterations of the run.

    Returns:
        float: Minutes, from the median of the logged step times.
    """
    times = []
    for log in seed.glob('*/vis_data/scalars.json'):
        entries = map(json.loads, log.read_text().splitlines())
        # Entries of a validation have no learning rate.
        times += [entry['time'] for entry in entries if 'lr' in entry]
    return iterations * statistics.median(times) / 60


def protocol_of(run: Path) -> str:
    """The evaluation protocol of all seeds of a run.

    Args:
        run (Path): Folder with ``seed_*`` folders.

    Returns:
        str: The protocol in words.

    Raises:
        ValueError: If seeds were scored under different ones.
    """
    found = {
        path.parent.name: read_protocol(str(path.parent))
        for path in sorted(run.glob('seed_*/results.json'))
    }
    if len(set(found.values())) > 1:
        listed = '; '.join(f'{seed}: {name}' for seed, name in found.items())
        raise ValueError(
            f'{run} mixes evaluation protocols, so there is no mean ({listed})'
            '; move the seeds of one of them to a folder of their own.')
    return next(iter(found.values()))


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
        last = max(map(int, content['iterations']))
        if last < content['max_iters']:
            print(f'{seed}: not finished, left out', file=sys.stderr)
            continue
        iterations.add(last)
        minutes.append(train_minutes(seed, last))
        for score in read_scores(str(seed), metric):
            values[score.network, 'last'].append(score.last)
            values[score.network, 'best'].append(score.best)
    mean_minutes = f'{statistics.mean(minutes):.1f}' if minutes else '-'
    cells = [
        run.name, '/'.join(map(str, sorted(iterations))),
        str(len(minutes)), mean_minutes
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
    tables = defaultdict(list)
    for run in args.runs:
        if any(run.glob('seed_*/results.json')):
            tables[protocol_of(run)].append(row(run, args.metric))
    for protocol, rows in tables.items():
        print(f'Protocol: {protocol}\n\n{HEAD}', *rows, '', sep='\n')


if __name__ == '__main__':
    try:
        main()
    except ValueError as error:
        sys.exit(f'{type(error).__name__}: {error}')
