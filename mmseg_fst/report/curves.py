"""Curves over iterations, laid out for SVG."""
import math
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

#: Size of a chart and of its margins, in units of the picture.
WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 10, 10, 34
#: Of color-blind people's palette by Okabe and Ito, without its yellow.
COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9',
          '#000000', '#8a6d3b')
#: Points of a line; of more, neighbors are averaged.
MAX_POINTS = 200


class Line(NamedTuple):
    """A curve: the mean over seeds, and each seed.

    Attributes:
        name (str): What it is called.
        color (str): Of SVG.
        dashed (bool): Whether it is dashed.
        seeds (list[dict[int, float]]): Values by iteration, of each seed.
    """
    name: str
    color: str
    dashed: bool
    seeds: list[dict[int, float]]


class Chart(NamedTuple):
    """A chart in units of the picture.

    Attributes:
        title (str): What it shows.
        lines (list[tuple[Line, str, list[str], list]]): Each line with the
            points of its mean, those of each seed if there are several, and
            ``(x, y, iteration, value)`` of the marks that can be pointed at.
        x_ticks (list[tuple[float, str]]): Places and texts.
        y_ticks (list[tuple[float, str]]): The same of the other axis.
    """
    title: str
    lines: list
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Round numbers that span a range.

    Args:
        low (float): Its lower end.
        high (float): Its upper end.
        count (int): About how many. Defaults to 5.

    Returns:
        list[float]: Multiples of 1, 2 or 5 times a power of ten, the first at
        or below ``low``, the last at or above ``high``.
    """
    if high <= low:
        low, high = low - .5, low + .5
    raw = (high - low) / count
    power = 10.**math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10)
                if factor * power >= raw * .999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [index * step for index in range(first, last + 1)]


def thinned(values: dict[int, float]) -> dict[int, float]:
    """At most ``MAX_POINTS`` values: means over neighbors.

    Args:
        values (dict[int, float]): By iteration.

    Returns:
        dict[int, float]: By the last iteration of each mean.
    """
    steps = sorted(values)
    size = math.ceil(len(steps) / MAX_POINTS) or 1
    chunks = [steps[at:at + size] for at in range(0, len(steps), size)]
    return {
        chunk[-1]: mean(values[step] for step in chunk)
        for chunk in chunks
    }


def over_seeds(seeds: Sequence[dict[int, float]]) -> dict[int, float]:
    """Mean over the seeds, at the iterations that all of them have.

    Args:
        seeds (Sequence[dict[int, float]]): Values by iteration of each.

    Returns:
        dict[int, float]: By iteration.
    """
    common = set.intersection(*(set(seed) for seed in seeds))
    return {
        step: mean(seed[step] for seed in seeds)
        for step in sorted(common)
    }


def make_chart(title: str, lines: Sequence[Line]) -> Chart:
    """Lay out a chart.

    Args:
        title (str): What it shows.
        lines (Sequence[Line]): At least one, none without values.

    Returns:
        Chart: The chart.
    """
    drawn = [(line, [thinned(seed) for seed in line.seeds]) for line in lines]
    values = [value for _, seeds in drawn for seed in seeds
              for value in seed.values()]
    end = max(step for _, seeds in drawn for seed in seeds for step in seed)
    x_ticks = ticks(0, end)
    y_ticks = ticks(min(values), max(values))

    def place(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / end
        share = (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return round(x, 1), round(
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    def path(seed: dict[int, float]) -> str:
        return ' '.join('{},{}'.format(*place(*one)) for one in seed.items())

    laid_out = []
    for line, seeds in drawn:
        average = over_seeds(seeds)
        marks = [(*place(*one), *one) for one in average.items()]
        laid_out.append((line, path(average),
                         [path(seed) for seed in seeds if len(seeds) > 1],
                         marks if len(marks) <= 40 else []))
    return Chart(title, laid_out,
                 [(place(step, 0)[0], f'{step:g}')
                  for step in x_ticks if step <= end],
                 [(place(0, value)[1], f'{value:.6g}') for value in y_ticks])
