"""What ``--nearest`` has done: values that are close to a class."""
from collections.abc import Sequence

from .class_list import ClassList
from .survey import SurveyedImage

# How many masks are named.
_NUM_EXAMPLES = 3


def describe_nearest(images: Sequence[SurveyedImage],
                     classes: ClassList) -> list[str]:
    """Say how many pixels have the class of the nearest value, and how far.

    Args:
        images (Sequence[SurveyedImage]): Images and tiles with masks.
        classes (ClassList): The classes, with their tolerance.

    Returns:
        list[str]: Lines to print; none if all values are in the class list.
    """
    changed = [image for image in images if image.approximated]
    if not changed:
        return []
    assert classes.tolerance is not None
    total = sum(image.size[0] * image.size[1] for image in images)
    count = sum(image.approximated for image in changed)
    by_mask: dict[str, float] = {}
    for image in changed:  # several tiles may be of one mask
        by_mask[image.label] = max(image.distance,
                                   by_mask.get(image.label, 0.))
    order = sorted(by_mask, key=lambda label: -by_mask[label])
    lines = [
        f'{len(by_mask)} masks have values of no class, in {count} pixels '
        f'({100 * count / total:.2f} percent), which have the class of the '
        f'nearest value. Values up to a distance of {classes.tolerance:.4g} '
        'are accepted in every mask; the largest distance of all masks is '
        f'{by_mask[order[0]]:.4g}.'
    ]
    if by_mask[order[0]] != by_mask[order[-1]]:
        shown = ', '.join(f'{label} {by_mask[label]:.4g}'
                          for label in order[:_NUM_EXAMPLES])
        lines.append(f'It differs by mask, from {by_mask[order[-1]]:.4g} to '
                     f'{by_mask[order[0]]:.4g}: {shown}'
                     + (', ...' if len(order) > _NUM_EXAMPLES else '') + '.')
    return lines
