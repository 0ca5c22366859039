"""Plots of logged values of runs over their iterations."""
import json
from collections import defaultdict
from pathlib import Path
from statistics import mean

import matplotlib

matplotlib.use('Agg')  # without a display

import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.axes import Axes  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402


def read_scalars(run: Path, key: str) -> dict[int, list[float]]:
    """Read the values that the seeds of a run have logged.

    Args:
        run (Path): Folder with ``seed_*`` folders, or a single such folder.
        key (str): Name of the value.

    Returns:
        dict[int, list[float]]: Values by iteration. If a resumed run has
        logged an iteration again, the newest value is used.
    """
    seeds = sorted(run.glob('seed_*')) or [run]
    scalars = defaultdict(list)
    for seed in seeds:
        values = {}
        for path in sorted(seed.glob('*/vis_data/scalars.json')):
            for line in path.read_text().splitlines():
                entry = json.loads(line)
                if key in entry:
                    values[entry['step']] = entry[key]
        for step, value in values.items():
            scalars[step].append(value)
    return dict(sorted(scalars.items()))


def smooth(values: list[float], window: int) -> list[float]:
    """Compute the trailing moving average.

    Args:
        values (list[float]): Values in chronological order.
        window (int): Number of values to average, at least 1.

    Returns:
        list[float]: The averages, one for each value.
    """
    return [
        mean(values[max(0, index + 1 - window):index + 1])
        for index in range(len(values))
    ]


def plot_run(axes: Axes, scalars: dict[int, list[float]], window: int,
             label: str) -> None:
    """Plot the curve of a run; a single value gets a marker.

    Args:
        axes (Axes): Axes of the figure.
        scalars (dict[int, list[float]]): Of :func:`read_scalars`.
        window (int): See :func:`smooth`.
        label (str): Name of the run.
    """
    means = [mean(values) for values in scalars.values()]
    axes.plot(list(scalars), smooth(means, window), label=label,
              marker='o' if len(means) == 1 else None)


def new_plot(key: str) -> tuple[Figure, Axes]:
    """Make an empty plot.

    Args:
        key (str): Name of the value.

    Returns:
        tuple[Figure, Axes]: The figure and its axes.
    """
    figure, axes = plt.subplots(figsize=(9, 4.5), layout='constrained')
    axes.set_xlabel('iteration')
    axes.set_ylabel(key)
    axes.grid(alpha=.3)
    return figure, axes
