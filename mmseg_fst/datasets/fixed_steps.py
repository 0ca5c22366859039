"""Steps of a pipeline before the first random one."""
import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Optional

from mmcv.transforms import LoadImageFromFile
from mmengine.dataset import Compose
from mmseg.datasets.transforms import LoadAnnotations, Resize

from .loading import LoadWholeImage
from .packed import LoadPacked
from .sides import Side, part_at

# Exact types only: subclasses may use random numbers.
_FIXED = (LoadAnnotations, LoadImageFromFile, LoadPacked, LoadWholeImage,
          Resize)


def count_fixed(steps: Sequence[Callable]) -> int:
    """Count the first steps of a pipeline that are always the same.

    Args:
        steps (Sequence[Callable]): The transforms of a pipeline.

    Returns:
        int: Number of steps before the first that does not load or resize.
    """
    for count, step in enumerate(steps):
        if type(step) not in _FIXED:
            return count
    return len(steps)


def repeat_item(dataset: Side, index: int,
                sampled_class: Optional[int] = None) -> Iterator[dict]:
    """Yield items of an index, each with new random numbers.

    Like repeated ``dataset[index]``, but the image is loaded once.

    Args:
        dataset (BaseDataset | ConcatDataset | RepeatDataset): A data set;
            one without a ``pipeline`` is indexed each time.
        index (int): Index of the image.
        sampled_class (int, optional): Class that the items should show, for
            transforms that read ``sampled_class``. Defaults to None.

    Yields:
        dict: As packed by the pipeline.
    """
    dataset, index = part_at(dataset, index)
    steps = getattr(dataset, 'pipeline', Compose([])).transforms
    count = count_fixed(steps)
    loaded = Compose(steps[:count])(
        dataset.get_data_info(index)) if count else None
    if loaded and sampled_class is not None:
        loaded['sampled_class'] = sampled_class
    augment = Compose(steps[count:])
    while True:
        # A pipeline may give up on an image; the data set then takes another.
        # A copy, because steps may write to what they are given.
        item = loaded and augment(copy.deepcopy(loaded))
        yield item or dataset[index]
