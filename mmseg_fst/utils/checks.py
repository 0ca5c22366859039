"""Checks of arguments that many classes have."""
from typing import Optional


class NotFinite(FloatingPointError):
    """A run that was stopped by a loss or a gradient that is not finite."""


class LostProcess(RuntimeError):
    """The end of a process because another one of its run has ended."""


def check_range(owner: object,
                low: float = 0.,
                high: float = 1.,
                **values: float) -> None:
    """Raise unless numbers lie within a range, its ends included.

    Args:
        owner (object): Whose arguments they are; its class is named.
        low (float): The least that is allowed. Defaults to 0.
        high (float): The most that is allowed. Defaults to 1.
        **values (float): The arguments by their names.

    Raises:
        ValueError: If one is out of the range, or no number.
    """
    for name, value in values.items():
        if not low <= value <= high:
            raise ValueError(
                f'{type(owner).__name__}: {name}={value} is out of range; '
                f'give a number from {low:g} to {high:g}.')


def check_epochs(owner: object, epochs: Optional[int]) -> None:
    """Raise unless a number of epochs is one, or not given.

    Args:
        owner (object): Whose argument it is; its class is named.
        epochs (int, optional): Number of epochs of a training.

    Raises:
        ValueError: If there is none.
    """
    if epochs is not None and epochs < 1:
        raise ValueError(
            f'{type(owner).__name__}: epochs={epochs} is no number of '
            'epochs; give 1 or more, or None to change in each iteration.')
