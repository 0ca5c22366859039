"""What a pipeline does to an image before it draws a random number."""
import copy
from collections.abc import Callable, Iterator, Sequence

from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import Compose
from mmseg.datasets.transforms import LoadAnnotations, Resize

from .loading import LoadWholeImage
from .packed import LoadPacked
from .sides import Side, part_at

# Their own kind alone: what is derived from them may draw.
_FIXED = (LoadAnnotations, LoadImageFromFile, LoadPacked, LoadWholeImage,
          Resize)


def count_fixed(steps: Sequence[Callable]) -> int:
    """Count the first steps of a pipeline that are always the same.

    Args:
        steps (Sequence[Callable]): The transforms of a pipeline.

    Returns:
        int: How many load or scale, before the first other one.
    """
    for count, step in enumerate(steps):
        if type(step) not in _FIXED:
            return count
    return len(steps)


def repeat_item(dataset: Side, index: int) -> Iterator[dict]:
    """The items of an index, each with random numbers of its own.

    As ``dataset[index]`` time and again, but the image is loaded once.

    Args:
        dataset (BaseDataset | ConcatDataset | RepeatDataset): A data set;
            one without a ``pipeline`` of its own is asked each time.
        index (int): Index of the image.

    Yields:
        dict: As packed by the pipeline.
    """
    dataset, index = part_at(dataset, index)
    steps = getattr(dataset, 'pipeline', Compose([])).transforms
    count = count_fixed(steps)
    loaded = Compose(steps[:count])(
        dataset.get_data_info(index)) if count else None
    augment = Compose(steps[count:])
    while True:
        # A pipeline may give up on an image; the data set then takes another.
        # A copy, because steps may write to what they are given.
        item = loaded and augment(copy.deepcopy(loaded))
        yield item or dataset[index]
