"""Weights of losses that grow over time."""
import math


def sigmoid_rampup(progress: float, length: float) -> float:
    """Weight that grows from exp(-5) to 1 and then stays.

    ``exp(-5 (1 - min(progress / length, 1))**2)`` (Laine and Aila, ICLR
    2017).

    Args:
        progress (float): Fraction of the run that is completed, in [0, 1].
        length (float): Fraction of the run in which the weight grows, in
            [0, 1]. 0 for a weight of 1 throughout.

    Returns:
        float: In (0, 1].

    Example:
        >>> [round(sigmoid_rampup(t, 0.5), 3) for t in (0., 0.25, 0.5, 1.)]
        [0.007, 0.287, 1.0, 1.0]
    """
    if length == 0:
        return 1.
    return math.exp(-5 * (1 - min(progress / length, 1.))**2)
