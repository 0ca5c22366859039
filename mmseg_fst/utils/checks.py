"""Argument checks shared by many classes."""
from typing import Optional


class NotFinite(FloatingPointError):
    """A run was stopped because a loss or a gradient is not finite."""


class LostProcess(RuntimeError):
    """A process ends because another process of its run has ended."""


def check_range(owner: object,
                low: float = 0.,
                high: float = 1.,
                **values: float) -> None:
    """Raise unless all arguments lie in a closed interval.

    Args:
        owner (object): Object that has the arguments; the message names its
            class.
        low (float): Smallest allowed value. Defaults to 0.
        high (float): Largest allowed value. Defaults to 1.
        **values (float): The arguments by name.

    Raises:
        ValueError: If a value is outside of the interval, or not a number.

    Example:
        >>> check_range(self, threshold=0.95)
        >>> check_range(self, high=100, percentile=80)
    """
    for name, value in values.items():
        # Written so that NaN, which compares as False, is refused as well.
        if not low <= value <= high:
            raise ValueError(f'{type(owner).__name__}: {name} must be in '
                             f'[{low:g}, {high:g}], got {value}.')


def check_not_negative(owner: object, **values: float) -> None:
    """Raise unless all arguments are at least 0.

    Args:
        owner (object): Object that has the arguments; the message names its
            class.
        **values (float): The arguments by name.

    Raises:
        ValueError: If a value is negative, or not a number.

    Example:
        >>> check_not_negative(self, ramp_iters=1000)
    """
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f'{type(owner).__name__}: {name} must be at '
                             f'least 0, got {value}.')


def check_epochs(owner: object, epochs: Optional[int]) -> None:
    """Raise unless a number of epochs is positive or None.

    Args:
        owner (object): Object that has the argument; the message names its
            class.
        epochs (int, optional): Number of epochs of a training.

    Raises:
        ValueError: If the number is smaller than 1.
    """
    if epochs is not None and epochs < 1:
        raise ValueError(
            f'{type(owner).__name__}: epochs must be a positive integer, or '
            f'None to change in every iteration, got {epochs}.')


def single_image_message(owner: object) -> str:
    """Why a batch of one image cannot be mixed with itself.

    Args:
        owner (object): The mixer; the message names its class.

    Returns:
        str: The message.
    """
    return (f'{type(owner).__name__} mixes the images of a batch with each '
            'other, but the batch has one image; set '
            '`train_dataloader.batch_size` to 2 or more.')
