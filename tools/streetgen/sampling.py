"""Random choices and colors used by all objects."""
from collections.abc import Sequence
from typing import Any

import numpy as np


def pick(rng: np.random.Generator,
         options: Sequence[Any],
         weights: Sequence[float] | None = None) -> Any:
    """Sample one of several options.

    Args:
        rng: The random generator.
        options: The options.
        weights: Probabilities of the options. Defaults to equal
            probabilities.

    Returns:
        An element of ``options``.
    """
    return options[rng.choice(len(options), p=weights)]


def hsv(hue: float, saturation: float,
        value: float) -> tuple[float, float, float]:
    """Convert a color to RGB.

    Args:
        hue: In 0..1, from red over green and blue to red.
        saturation: In 0..1.
        value: In 0..1.

    Returns:
        RGB in 0..1.
    """
    sector = int(hue * 6) % 6
    fraction = hue * 6 - int(hue * 6)
    low = value * (1 - saturation)
    falling = value * (1 - fraction * saturation)
    rising = value * (1 - (1 - fraction) * saturation)
    return [(value, rising, low), (falling, value, low), (low, value, rising),
            (low, falling, value), (rising, low, value),
            (value, low, falling)][sector]
