"""Parts of the report: what a method gains over labels alone, by class."""
from collections.abc import Iterator, Sequence
from statistics import mean, stdev
from typing import NamedTuple, Optional

from mmseg_fst.run.tables import common_protocol

from .runs import Method, flat_config

# Names in the sentence about classes, at most.
_MOST_NAMES = 5
# A smaller difference in IoU, in points, is shown as 0.0.
_ZERO = .05


class Gain(NamedTuple):
    """The difference in the IoU of a class.

    Attributes:
        class_name (str): The class.
        base (float): IoU of the baseline in percent, mean over seeds.
        value (float): IoU of the other network.
        difference (float): Their difference, in points.
        spread (float, optional): Standard error of the difference, from the
            sample standard deviations over seeds. None unless both have
            several seeds.
    """
    class_name: str
    base: float
    value: float
    difference: float
    spread: Optional[float]

    @property
    def is_clear(self) -> bool:
        """Whether the difference exceeds twice its standard error."""
        return self.spread is not None and (
            abs(self.difference) > max(2 * self.spread, _ZERO))

    @property
    def text(self) -> str:
        """The difference with its standard error, such as '+4.3 ± 1.2'."""
        shown = f'{self.difference:+.1f}'
        if abs(self.difference) < _ZERO:
            shown = '0.0'
        return shown if self.spread is None else (
            f'{shown} ± {self.spread:.1f}')


class Comparison(NamedTuple):
    """A network of a method against the baseline.

    Attributes:
        title (str): Method and network.
        base (str): Method and network of the baseline.
        is_supervised (bool): Whether the baseline is trained on labels alone.
        gains (list[Gain]): The classes, the largest difference first.
        seeds (tuple[int, int]): Number of seeds of the network and of the
            baseline.
    """
    title: str
    base: str
    is_supervised: bool
    gains: list[Gain]
    seeds: tuple[int, int]

    @property
    def mean(self) -> float:
        """Mean of the differences over classes, in points."""
        return mean(gain.difference for gain in self.gains)

    @property
    def largest(self) -> float:
        """The largest absolute difference, in points; above 0."""
        return max(*(abs(gain.difference) for gain in self.gains), _ZERO)

    def sentence(self) -> str:
        """The comparison in words.

        Returns:
            str: How many classes are better or worse, and which are worse.
        """
        better = sum(gain.difference >= _ZERO for gain in self.gains)
        worse = [gain for gain in reversed(self.gains)
                 if gain.difference <= -_ZERO]
        text = (f'{self.title} is {abs(self.mean):.1f} points '
                f'{"above" if self.mean >= 0 else "below"} {self.base} in the '
                f'mean over {len(self.gains)} classes: {better} better, '
                f'{len(worse)} worse')
        if worse:
            names = [f'{gain.class_name} {gain.difference:+.1f}'
                     for gain in worse[:_MOST_NAMES]]
            more = ', ...' if len(worse) > _MOST_NAMES else ''
            text += f' ({", ".join(names)}{more})'
        return f'{text}.'


def compare_methods(methods: Sequence[Method]) -> list[Comparison]:
    """Compare methods with the baseline by class, in the last validation.

    Args:
        methods (Sequence[Method]): The methods. The baseline is the first
            that is trained on labels alone, or else the first.

    Returns:
        list[Comparison]: One for each network of each other method that was
        scored under the same protocol and has classes in common; empty for a
        single method.
    """
    scored = [method for method in methods if any(
        run.class_iou for run in method.runs)]
    base = next(filter(_is_supervised, scored), scored[0] if scored else None)
    if base is None:
        return []
    network, base_runs = next(_class_scores(base))
    found = []
    for method in scored:
        if method is base or _protocol(method) != _protocol(base):
            continue
        for name, runs in _class_scores(method):
            gains = _gains(base_runs, runs)
            if gains:
                found.append(
                    Comparison(f'{method.name}: {name}',
                               f'{base.name}: {network}',
                               _is_supervised(base), gains,
                               (len(runs), len(base_runs))))
    return found


def _is_supervised(method: Method) -> bool:
    """Whether a method is trained on labels alone."""
    try:
        settings = flat_config(method.runs[0].config)
    except (SyntaxError, ValueError):
        return False
    return settings.get('model.type') == "'Supervised'"


def _protocol(method: Method) -> str:
    """How a method was scored, and on which data."""
    data = {str(run.results.get('data')) for run in method.runs}
    folders = [str(run.folder) for run in method.runs]
    return f'{common_protocol(method.name, folders)} {sorted(data)}'


def _class_scores(method: Method
                  ) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Each network, and the IoU by class of its runs."""
    networks = dict.fromkeys(
        network for run in method.runs for network in run.class_iou)
    for network in networks:
        yield network, [run.class_iou[network] for run in method.runs
                        if network in run.class_iou]


def _gains(base_runs: Sequence[dict[str, float]],
           runs: Sequence[dict[str, float]]) -> list[Gain]:
    """Differences of all classes that both have."""
    gains = []
    for name in base_runs[0]:
        base, values = (
            [run[name] for run in found if run.get(name, -1) >= 0]
            for found in (base_runs, runs))
        if base and values:
            gains.append(
                Gain(name, mean(base), mean(values), mean(values) - mean(base),
                     _standard_error(base, values)))
    return sorted(gains, key=lambda gain: -gain.difference)


def _standard_error(*samples: Sequence[float]) -> Optional[float]:
    """Standard error of a difference of means; None without seeds."""
    if min(map(len, samples)) < 2:
        return None
    return sum(stdev(sample)**2 / len(sample) for sample in samples)**.5
