"""Sides whose images join the images of another side in a batch."""
from collections.abc import Collection, Iterable, Mapping

from .sides import LABELED, Side


def check_joined(joined: Mapping[str, str], sides: Collection[str],
                 left_out: Collection[str] = ()) -> dict[str, str]:
    """Sides that join another one, without those that are left out.

    Args:
        joined (Mapping[str, str]): Name of the other side, by name.
        sides (Collection[str]): Names of the sides.
        left_out (Collection[str]): Names of sides that are left out. Defaults
            to ().

    Returns:
        dict[str, str]: The same names.

    Raises:
        ValueError: If a name is not that of a side, or a side joins itself or
            one that joins another.
    """
    found = {name: main for name, main in joined.items()
             if name in sides or name not in left_out}
    mains = [name for name in sides if name not in found]
    for name, main in found.items():
        if name not in sides or main not in mains:
            raise ValueError(
                f'PairedDataset: joined.{name}={main!r} must name two of the '
                f'sides {", ".join(sides)}, and the second may not join '
                'another one. `joined` gives a side, such as '
                "'target_labeled', the side that its images join, such as "
                "'labeled'.")
    return found


def group_sides(sides: Iterable[str],
                joined: Mapping[str, str]) -> dict[str, list[str]]:
    """Sides that are one side of a batch.

    Args:
        sides (Iterable[str]): Names of the sides.
        joined (Mapping[str, str]): Name of the side that a side joins, by
            name.

    Returns:
        dict[str, list[str]]: By name of the side of the batch, itself and the
        sides that join it, in their order.
    """
    groups: dict[str, list[str]] = {}
    for name in sides:
        groups.setdefault(joined.get(name, name), []).append(name)
    return groups


def check_same_classes(sides: Mapping[str, Side],
                       joined: Mapping[str, str]) -> None:
    """Raise if labels that join one another have different ids.

    Args:
        sides (Mapping[str, Side]): The sides by name.
        joined (Mapping[str, str]): See :func:`check_joined`.

    Raises:
        ValueError: If a side that joins the labeled one has other classes.
    """
    for name, main in joined.items():
        if main != LABELED:
            continue
        classes, expected = (
            tuple(sides[each].metainfo['classes']) for each in (name, main))
        if classes != expected:
            raise ValueError(
                f'The classes of the {name} side, {", ".join(classes)}, '
                f'differ from the classes of the {main} side, '
                f'{", ".join(expected)}. Give its data set the same: '
                f'metainfo=dict(classes={expected}).')
