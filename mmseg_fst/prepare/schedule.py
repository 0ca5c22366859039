"""How long to train, and how long that takes."""
from collections.abc import Sequence
from typing import NamedTuple

from mmseg_fst.utils.counts import counted

# Iterations of supervised training: so many passes over the labeled images,
# within limits; of batches of two.
_EPOCHS, _BATCH = 100, 2
_FEWEST, _MOST = 2000, 4000
# Self-training pays after thousands of iterations only. The computation that
# each method gets, in iterations of supervised training: less than an hour
# on two cores of a CPU.
_BUDGET = 8000
# Supervised training validates more often, since it stops at its plateau.
_VALIDATIONS = dict(supervised=20)
_DEFAULT_VALIDATIONS = 10
#: Computation of an iteration, relative to supervised training: forward
#: passes of a teacher count as a third of a training pass.
COSTS = dict(
    supervised=1., continued=1., mean_teacher=2.3, fst=4.6, unimatch_v2=3.3)
#: Fewest iterations of supervised training and of the other configs, whose
#: learning rate warms up for 50 and for 10 iterations.
FEWEST_SUPERVISED, FEWEST_OTHERS = 60, 20
# Seconds of a supervised iteration for each pixel of the batch, measured on
# two cores.
_SECONDS = 2.6e-6


class Schedule(NamedTuple):
    """Iterations of a config.

    Attributes:
        max_iters (int): All of them.
        val_interval (int): Between two validations.
    """
    max_iters: int
    val_interval: int


def choose_schedules(num_labeled: int) -> dict[str, Schedule]:
    """Choose the iterations of all configs of a task.

    All configs but the supervised one use the same computation, so that
    their scores can be compared.

    Args:
        num_labeled (int): Number of labeled training images.

    Returns:
        dict[str, Schedule]: By name of the config.
    """
    passes = min(max(_EPOCHS * num_labeled // _BATCH, _FEWEST), _MOST)
    return {
        name: _rounded(passes if name == 'supervised' else _BUDGET / cost,
                       _VALIDATIONS.get(name, _DEFAULT_VALIDATIONS))
        for name, cost in COSTS.items()
    }


def method_names() -> tuple[str, ...]:
    """Names of the configs of a task that continue from supervised training.

    Returns:
        tuple[str, ...]: The names.
    """
    return tuple(name for name in COSTS if name != 'supervised')


def fixed_schedules(supervised: int, others: int) -> dict[str, Schedule]:
    """Schedules of a stated length.

    Args:
        supervised (int): Iterations of supervised training, at least
            ``FEWEST_SUPERVISED``.
        others (int): Iterations of all other configs, at least
            ``FEWEST_OTHERS``.

    Returns:
        dict[str, Schedule]: By name of the config; ten validations, or fewer
        of less than 500 iterations.

    Raises:
        ValueError: If there are too few iterations for the warm-up of the
            learning rate.
    """
    for count, fewest in ((supervised, FEWEST_SUPERVISED),
                          (others, FEWEST_OTHERS)):
        if count < fewest:
            raise ValueError(
                f'iterations must be at least {FEWEST_SUPERVISED} of '
                f'supervised training and {FEWEST_OTHERS} of self-training, '
                f'got {supervised} and {others}: the learning rate warms up '
                'first. For a trial of 4 iterations set debug=True.')
    return {
        name: Schedule(count, max(-(-count // 10), min(50, count)))
        for name in COSTS
        for count in [supervised if name == 'supervised' else others]
    }


def _rounded(iterations: float, validations: int) -> Schedule:
    """A whole number of validations, each after a multiple of 10."""
    interval = max(10, round(iterations / validations / 10) * 10)
    return Schedule(interval * validations, interval)


def describe_schedules(schedules: dict[str, Schedule],
                       crop: Sequence[int]) -> list[str]:
    """Say how long the configs of a task take.

    Args:
        schedules (dict[str, Schedule]): Of :func:`choose_schedules`.
        crop (Sequence[int]): Height and width of a crop.

    Returns:
        list[str]: Lines to print.
    """
    lines = ['Iterations, and time on two cores of a CPU, estimated, without '
             'validation:']
    for name, schedule in schedules.items():
        seconds = (_SECONDS * _BATCH * crop[0] * crop[1] * COSTS[name]
                   * schedule.max_iters)
        early = ' at most' if name == 'supervised' else ''
        minutes = counted(max(1, round(seconds / 60)), 'minute')
        lines.append(f'    {name}.py: {schedule.max_iters}{early}, about '
                     f'{minutes}')
    return lines
