"""Checks of arguments that many classes have."""


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
