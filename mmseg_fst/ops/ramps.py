"""Weights of losses that grow at the beginning of a training."""
import math


def gaussian_ramp(done: float, length: float) -> float:
    """A weight that grows along a Gaussian curve.

    ``exp(-5 (1 - t)^2)`` with t from 0 to 1 (Laine and Aila 2017), as in CCT.

    Args:
        done (float): Iterations done, at least 0.
        length (float): Iterations until the weight is 1; 0 for none.

    Returns:
        float: From exp(-5) to 1.

    Example:
        >>> [round(gaussian_ramp(done, 10), 3) for done in (0, 5, 10, 20)]
        [0.007, 0.287, 1.0, 1.0]
    """
    return math.exp(-5 * (1 - _share(done, length))**2)


def cosine_ramp(done: float, length: float) -> float:
    """A weight that grows along half a period of a cosine, as in PS-MT.

    Args:
        done (float): Iterations done, at least 0.
        length (float): Iterations until the weight is 1; 0 for none.

    Returns:
        float: From 0 to 1.

    Example:
        >>> [round(cosine_ramp(done, 10), 3) for done in (0, 5, 10, 20)]
        [0.0, 0.5, 1.0, 1.0]
    """
    return .5 * (1 - math.cos(math.pi * _share(done, length)))


def _share(done: float, length: float) -> float:
    """The part of the ramp that is done, in [0, 1]."""
    return min(max(done / length, 0.), 1.) if length else 1.
