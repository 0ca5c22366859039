"""What the files of a data set hold, read before a run."""
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Optional

import numpy as np
from mmcv.transforms import LoadAnnotations, LoadImageFromFile
from mmengine.dataset import BaseDataset, Compose
from tqdm import tqdm

from mmseg_fst.utils.file_patterns import walk_files
from mmseg_fst.utils.files import IGNORE

from .fixed_steps import count_fixed
from .label_checks import check_ids, format_size, known_parts
from .packed import LoadPacked
from .sides import LABELED, Side

# Packages whose transforms keep the ids of a label.
_KNOWN = ('mmcv', 'mmseg', 'mmseg_fst')
# An image is dark if 98 percent of its values are below this.
_DARK = 25.5
# Pixels of an image that the percentile is taken of.
_PIXELS = 65536
# Sides of different length by at most this factor are of one format.
_ROUNDED = 1.02
# What follows from a class without labels.
_TRAINING = ('Such a class cannot be learned. Choose another split '
             '(tools/make_splits.py --stratified takes all classes), add '
             'labels, or remove the class.')
_VALIDATION = ('Such a class has no score, and means leave it out. Validate '
               'on images that show it.')


class Limits(NamedTuple):
    """How much of a data set is read.

    Attributes:
        labels (int): Maximum number of labels.
        images (int): Maximum number of images.
        seconds (float): Time after which no file is read.
    """
    labels: int = 300
    images: int = 50
    seconds: float = 20.


class Found(NamedTuple):
    """What an item holds.

    Attributes:
        path (str): The image.
        bright (float, optional): Above 98 percent of its values, in [0, 255],
            as they are trained on. None if it was not read.
        constant (bool): Whether the image has one value in every pixel.
        pixels (np.ndarray, optional): Number of pixels of each id, (256, ).
            None without a label, or if a transform of another package may
            change ids.
    """
    path: str
    bright: Optional[float]
    constant: bool
    pixels: Optional[np.ndarray]


class Scan(NamedTuple):
    """What a data set holds.

    Attributes:
        name (str): What to call it in messages.
        total (int): Number of its images.
        classes (Sequence[str]): Names of the classes.
        ignored (int): The id of pixels without a label.
        items (list[Found]): Those that were read, evenly spread.
    """
    name: str
    total: int
    classes: Sequence[str]
    ignored: int
    items: list[Found]


def data_problems(sides: Mapping[str, Side], validation: Optional[Side],
                  limits: Limits) -> list[str]:
    """Read the data of a run, and say what is wrong but can be trained on.

    Args:
        sides (Mapping[str, Side]): The sides of the training.
        validation (Side, optional): The data set of the validation.
        limits (Limits): How much is read of each data set.

    Returns:
        list[str]: A sentence for each problem.

    Raises:
        OSError: See :func:`scan_side`.
        ValueError: See :func:`scan_side`.
    """
    problems = []
    for name, side in sides.items():
        scan = scan_side(f'{name} side', side, limits)
        problems += name_problems(side) + image_problems(scan)
        if name == LABELED:
            problems += class_problems(scan, _TRAINING)
    if validation is not None:
        scan = scan_side('validation', validation, limits, scored=True)
        problems += name_problems(validation) + image_problems(scan)
        problems += class_problems(scan, _VALIDATION)
    return problems


def scan_side(name: str,
              side: Side,
              limits: Limits = Limits(),
              scored: bool = False) -> Scan:
    """Read labels and images of a data set as the first steps of a run do.

    Args:
        name (str): What to call it in messages.
        side (BaseDataset | ConcatDataset | RepeatDataset): The data set.
        limits (Limits): How much is read. Defaults to ``Limits()``.
        scored (bool): Whether labels are compared with predictions, which
            have the size of the image. Defaults to False.

    Returns:
        Scan: What was found.

    Raises:
        OSError: If a file is missing or damaged.
        ValueError: If a label has an id that is not a class, or does not fit
            the image.
    """
    parts = known_parts(side)
    items = [(part, index) for part in parts for index in range(len(part))]
    labeled = any(_loaders(part, False) for part in parts)
    chosen = _spread(len(items), limits.labels if labeled else limits.images)
    images = {chosen[place]
              for place in _spread(len(chosen), limits.images)}

    def read(place: int) -> Found:
        return _read(*items[place], place in images, scored)

    order = _interleaved(len(chosen))
    found = []
    # Not in threads: one that ends may hold a lock of OpenCV while the
    # workers of a loader are forked, which then wait for it forever.
    end = time.monotonic() + limits.seconds
    for place in tqdm(order, desc=f'Checking {name}', delay=2):
        found.append(read(chosen[place]))
        if time.monotonic() > end:
            break
    found = [item for _, item in sorted(zip(order, found))]
    return Scan(name, len(items), side.metainfo.get('classes', ()),
                parts[0].ignore_index if parts else IGNORE, found)


def _spread(total: int, count: int) -> list[int]:
    """Indices at equal distances."""
    return np.linspace(0, total - 1, min(total, count)).round().astype(
        int).tolist()


def _interleaved(count: int) -> list[int]:
    """Indices in an order of which every beginning is spread over all.

    The time may be over before all files are read.
    """
    return sorted(range(count), key=lambda index: f'{index:032b}'[::-1])


def _loaders(part: BaseDataset, image: bool) -> list:
    """The first steps that load, images or labels alone."""
    steps = part.pipeline.transforms
    kinds = (LoadAnnotations, LoadPacked, LoadImageFromFile)
    return [step for step in steps[:count_fixed(steps)]
            if isinstance(step, kinds if image else kinds[:2])]


def _read(part: BaseDataset, index: int, image: bool,
          scored: bool) -> Found:
    """Read an item, or its label alone."""
    info = part.get_data_info(index)
    path = info['img_path']
    results = Compose(_loaders(part, image))(info) or {}
    label, pixels = results.get('gt_seg_map'), None
    if label is not None and 'ori_shape' in results:
        _check_size(info, label.shape, results['ori_shape'][:2], scored)
    foreign = any(type(step).__module__.split('.')[0] not in _KNOWN
                  for step in part.pipeline.transforms)
    if label is not None and not foreign:
        check_ids(label, len(part.metainfo['classes']), part.ignore_index,
                  info['seg_map_path'])
        pixels = np.bincount(label.ravel(), minlength=256)
    if 'img' not in results:
        return Found(path, None, False, pixels)
    values = results['img']
    step = max(1, int((values.shape[0] * values.shape[1] / _PIXELS)**.5))
    return Found(path, float(np.percentile(values[::step, ::step], 98)),
                 bool(values.min() == values.max()), pixels)


def _check_size(info: dict, label: Sequence[int], image: Sequence[int],
                scored: bool) -> None:
    """Raise if a label does not fit its image.

    In training both may be resized to one size, if they are of one format.
    """
    factors = sorted(a / b for a, b in zip(label, image))
    if tuple(label) != tuple(image) and (
            scored or factors[1] > _ROUNDED * factors[0]):
        raise ValueError(
            f'{info["img_path"]} is {format_size(image)}, its label '
            f'{info["seg_map_path"]} {format_size(label)}. Save the label at '
            'the size of the image; if the image has an EXIF orientation, '
            'rotate its pixels.')


def image_problems(scan: Scan) -> list[str]:
    """Say which images show nothing.

    Args:
        scan (Scan): Of :func:`scan_side`.

    Returns:
        list[str]: A sentence for each problem.
    """
    read = [item for item in scan.items if item.bright is not None]
    constant = [item.path for item in read if item.constant]
    dark = [item for item in read
            if not item.constant and (item.bright or 0) < _DARK]
    problems = []
    if constant:
        problems.append(
            f'{scan.name}: {len(constant)} of {len(read)} images that were '
            'read have one value in every pixel, as they are loaded, first '
            f'{constant[0]}. Nothing can be learned from them: take them '
            'out, or correct `stretch` of LoadWholeImage.')
    if len(dark) > len(read) / 2:
        brightest = max(item.bright or 0 for item in dark)
        problems.append(
            f'{scan.name}: {len(dark)} of {len(read)} images that were read '
            'are nearly black, as they are loaded: 98 percent of the values '
            f'are below {brightest:.0f} of 255, first {dark[0].path}. State '
            'which values become 0 and 255 with `stretch=(LOW, HIGH)` of '
            'LoadWholeImage, in all pipelines; tools/new_task.py chooses it '
            'from the images.')
    return problems


def name_problems(side: Side) -> list[str]:
    """Say which images of a folder are left out for the case of their ending.

    Args:
        side (BaseDataset | ConcatDataset | RepeatDataset): The data set.

    Returns:
        list[str]: A sentence for each data set that leaves images out.
    """
    problems = []
    for part in known_parts(side):
        ending = part.img_suffix
        if part.ann_file or not isinstance(ending, str):
            continue  # a list, or a data set that ignores the case
        folder = part.data_prefix['img_path']
        left_out = [
            path for path in walk_files(
                folder, (ending.lower(), ), listed=False)
            if not path.endswith(ending)
        ]
        if left_out:
            problems.append(
                f'{folder}: {len(left_out)} images, first {left_out[0]}, are '
                f'left out, because their names do not end with {ending!r} '
                'in this case. Rename them, or write lists for them with '
                'tools/new_task.py.')
    return problems


def class_problems(scan: Scan, advice: str) -> list[str]:
    """Say which classes no label shows.

    Args:
        scan (Scan): Of :func:`scan_side`.
        advice (str): What follows from it, and what to do.

    Returns:
        list[str]: A sentence, or none.
    """
    counts = [item.pixels for item in scan.items if item.pixels is not None]
    if not counts:
        return []
    pixels = np.sum(counts, axis=0)
    missing = [name for index, name in enumerate(scan.classes)
               if not pixels[index]]
    if not missing:
        return []
    which = (f'all {scan.total} labels' if len(counts) == scan.total else
             f'the {len(counts)} of {scan.total} labels that were read')
    hints = ''
    if set(np.flatnonzero(pixels)) == {0, scan.ignored}:
        hints = (f' Labels hold 0 and {scan.ignored} alone, the latter is '
                 'ignored: if it is a class, convert the masks with '
                 f"tools/new_task.py, with 'NAME = {scan.ignored}' in the "
                 'class list.')
    elif not pixels[0]:
        hints = (' If ids begin with 1, set `reduce_zero_label=True` of the '
                 'data set.')
    return [f'{scan.name}: no pixel of {", ".join(missing)} in {which}. '
            f'{advice}{hints}']
