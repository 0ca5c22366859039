"""Layout of charts over iterations, for SVG."""
import math
from collections.abc import Iterable, Sequence
from statistics import mean, stdev
from typing import NamedTuple, Optional

#: Size of a chart and of its margins, in SVG units.
WIDTH, HEIGHT = 460, 260
LEFT, RIGHT, TOP, BOTTOM = 52, 24, 10, 34
#: Colorblind-safe palette of Okabe and Ito, without its yellow, which is
#: hardly visible on white.
COLORS = ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9',
          '#000000', '#8a6d3b')
#: Maximum number of points of a line; neighbors are averaged beyond it.
MAX_POINTS = 200


class Line(NamedTuple):
    """A line of a chart: the values of several seeds.

    Attributes:
        name (str): Name in the legend.
        color (str): Color of SVG.
        dashed (bool): Whether the line is dashed.
        seeds (list[dict[int, float]]): Values by iteration for each seed.
    """
    name: str
    color: str
    dashed: bool
    seeds: list[dict[int, float]]


class PlottedLine(NamedTuple):
    """A line in SVG units.

    Attributes:
        line (Line): What is plotted.
        mean (str): Points of the mean over seeds.
        seeds (list[str]): Points of each seed, if there are several.
        marks (list[tuple]): ``(x, y, iteration, value)`` of the points of the
            mean that have a tooltip.
        band (str): Outline of the mean plus and minus the sample standard
            deviation over seeds; empty for a single seed or iteration.
    """
    line: Line
    mean: str
    seeds: list[str]
    marks: list[tuple]
    band: str


class Chart(NamedTuple):
    """A chart in SVG units.

    Attributes:
        title (str): Title of the chart.
        lines (list[PlottedLine]): The lines.
        x_ticks (list[tuple[float, str]]): Positions and texts.
        y_ticks (list[tuple[float, str]]): Positions and texts.
        iteration (int, optional): The iteration, if all values are of one.
            Defaults to None.
    """
    title: str
    lines: list[PlottedLine]
    x_ticks: list[tuple[float, str]]
    y_ticks: list[tuple[float, str]]
    iteration: Optional[int] = None


def ticks(low: float, high: float, count: int = 5) -> list[float]:
    """Compute round numbers that span a range.

    Args:
        low (float): Lower end of the range.
        high (float): Upper end of the range.
        count (int): Approximate number of intervals. Defaults to 5.

    Returns:
        list[float]: Multiples of 1, 2 or 5 times a power of ten, the first at
        or below ``low``, the last at or above ``high``.

    Example:
        >>> ticks(0, 100)
        [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
    """
    if high <= low:
        low, high = low - .5, low + .5
    raw = (high - low) / count
    power = 10.**math.floor(math.log10(raw))
    step = next(factor * power for factor in (1, 2, 5, 10)
                if factor * power >= raw * .999)  # tolerates rounding
    first, last = math.floor(low / step), math.ceil(high / step)
    return [index * step for index in range(first, last + 1)]


def thinned(values: dict[int, float]) -> dict[int, float]:
    """Reduce values to at most ``MAX_POINTS`` means over neighbors.

    Args:
        values (dict[int, float]): Values by iteration.

    Returns:
        dict[int, float]: Means by the last iteration of each group.
    """
    steps = sorted(values)
    size = math.ceil(len(steps) / MAX_POINTS) or 1
    chunks = [steps[at:at + size] for at in range(0, len(steps), size)]
    return {
        chunk[-1]: mean(values[step] for step in chunk)
        for chunk in chunks
    }


def over_seeds(seeds: Sequence[dict[int, float]]) -> dict[int, float]:
    """Mean over seeds, at the iterations that all seeds have.

    Args:
        seeds (Sequence[dict[int, float]]): Values by iteration for each seed.

    Returns:
        dict[int, float]: Means by iteration.
    """
    return {
        step: mean(seed[step] for seed in seeds)
        for step in _common(seeds)
    }


def band_over_seeds(seeds: Sequence[dict[int, float]]
                    ) -> dict[int, tuple[float, float]]:
    """Mean minus and plus the sample standard deviation over seeds.

    Args:
        seeds (Sequence[dict[int, float]]): Values by iteration for each seed.

    Returns:
        dict[int, tuple[float, float]]: Lower and upper value, at the
        iterations that all seeds have; empty unless there are several seeds
        and iterations.

    Example:
        >>> band_over_seeds([{1: 1., 2: 4.}, {1: 1., 2: 4.}])
        {1: (1.0, 1.0), 2: (4.0, 4.0)}
    """
    common = _common(seeds)
    if len(seeds) < 2 or len(common) < 2:
        return {}
    band = {}
    for step in common:
        values = [seed[step] for seed in seeds]
        middle, deviation = mean(values), stdev(values)
        band[step] = middle - deviation, middle + deviation
    return band


def _common(seeds: Sequence[dict[int, float]]) -> list[int]:
    """Iterations that all seeds have, sorted."""
    return sorted(set.intersection(*(set(seed) for seed in seeds)))


def make_chart(title: str, lines: Sequence[Line]) -> Chart:
    """Lay out a chart.

    Args:
        title (str): Title of the chart.
        lines (Sequence[Line]): At least one line; each has values.

    Returns:
        Chart: The chart.
    """
    plotted = [
        (line, [thinned(seed) for seed in line.seeds]) for line in lines
    ]
    bands = [band_over_seeds(seeds) for _, seeds in plotted]
    values = [value for _, seeds in plotted for seed in seeds
              for value in seed.values()]
    values += [value for band in bands for both in band.values()
               for value in both]
    steps = {step for _, seeds in plotted for seed in seeds for step in seed}
    end = max(*steps, 1)
    x_ticks = ticks(0, end)
    y_ticks = ticks(min(values), max(values))

    def position(step: float, value: float) -> tuple[float, float]:
        x = LEFT + (WIDTH - LEFT - RIGHT) * step / end
        share = (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])
        return round(x, 1), round(
            HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share, 1)

    def path(points: Iterable[tuple[int, float]]) -> str:
        return ' '.join('{},{}'.format(*position(*point)) for point in points)

    laid_out = []
    for (line, seeds), band in zip(plotted, bands):
        average = over_seeds(seeds)
        marks = [(*position(*point), *point) for point in average.items()]
        lower = [(step, low) for step, (low, _) in band.items()]
        upper = [(step, high) for step, (_, high) in band.items()]
        laid_out.append(
            PlottedLine(
                line, path(average.items()),
                [path(seed.items()) for seed in seeds if len(seeds) > 1],
                # More tooltips than this overlap.
                marks if len(marks) <= 40 else [],
                path([*lower, *reversed(upper)])))
    return Chart(title, laid_out,
                 [(position(step, 0)[0], f'{step:g}')
                  for step in x_ticks if step <= end],
                 [(position(0, value)[1], f'{value:.6g}')
                  for value in y_ticks],
                 min(steps) if len(steps) == 1 else None)
