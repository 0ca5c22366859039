"""What a look-ahead restores, by name."""
from collections.abc import Sequence
from typing import Literal, Union

#: Parts of the training state that virtual steps change.
PARTS = ('weights', 'optimizer', 'buffers', 'random')
#: What can be given for them: a preset or names of :data:`PARTS`.
Restore = Union[Literal['weights', 'all'], Sequence[str]]


def restored_parts(restore: Restore, where: str = 'restore') -> frozenset[str]:
    """Names of the parts that are restored.

    Args:
        restore (str | Sequence[str]): ``'weights'``, ``'all'``, or a list of
            names of :data:`PARTS`, which may be empty.
        where (str): Place of the argument, for the message. Defaults to
            ``'restore'``.

    Returns:
        frozenset[str]: Names of :data:`PARTS`.

    Raises:
        ValueError: If it is another value.

    Example:
        >>> sorted(restored_parts(['weights', 'optimizer']))
        ['optimizer', 'weights']
    """
    if restore == 'all':
        return frozenset(PARTS)
    if restore == 'weights':
        return frozenset({'weights'})
    if (isinstance(restore, str) or not isinstance(restore, Sequence)
            or not set(restore) <= set(PARTS)):
        raise ValueError(
            f"{where} must be 'weights' or 'all', or a list of "
            f'{", ".join(map(repr, PARTS))}, got {restore!r}.')
    return frozenset(restore)
