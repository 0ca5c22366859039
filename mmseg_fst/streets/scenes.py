"""The embedded data set: random streets with labels in two domains.

``rendered`` looks like a simple video game, ``camera`` like photographs; both
show scenes of one distribution. ``make_streets`` writes them in Cityscapes'
folders. A picture depends on the seed, its domain, its split and its number
only.
"""
import json
import multiprocessing
import os
import os.path as osp
import time
from typing import Dict, Iterator, List, NamedTuple, Sequence, Tuple

import cv2
import numpy as np
from tqdm import tqdm

from mmseg_fst.utils.files import (
    atomic_write,
    count_pixels,
    save_class_stats,
    save_json,
)

from .appearance import RENDERERS
from .layout import sample_scene
from .perspective import rasterize
from .shapes import CLASSES, PALETTE

__all__ = ['CLASSES', 'DOMAINS', 'PALETTE', 'draw_picture', 'make_streets']

DOMAINS = ('rendered', 'camera')
SPLITS = ('train', 'val')
IMAGE_SUFFIX = '_leftImg8bit.jpg'
LABEL_SUFFIX = '_gtFine_labelTrainIds.png'
FOLDERS = {'leftImg8bit': IMAGE_SUFFIX, 'gtFine': LABEL_SUFFIX}
# The last bytes of whole JPEG and PNG files.
ENDINGS = {'.jpg': b'\xff\xd9', '.png': b'IEND\xaeB`\x82'}
SMALLEST = 32


class Job(NamedTuple):
    """One picture to make.

    Attributes:
        out: Folder of the data set.
        domain: One of ``DOMAINS``.
        split: One of ``SPLITS``.
        index: Number of the picture in its split.
        size: Width and height in pixels.
        seed: Seed of the data set.
    """
    out: str
    domain: str
    split: str
    index: int
    size: Tuple[int, int]
    seed: int

    def path(self, folder: str) -> str:
        """Name one of the picture's files.

        Args:
            folder: 'leftImg8bit' for the image, 'gtFine' for the label.

        Returns:
            Its path.
        """
        name = f'{self.domain}_{self.index:06d}{FOLDERS[folder]}'
        return osp.join(self.out, self.domain, folder, self.split, name)

    @property
    def image_name(self) -> str:
        """Name by which rare-class sampling looks its statistics up."""
        return osp.splitext(osp.basename(self.path('leftImg8bit')))[0]


def draw_picture(domain: str, split: str, index: int,
                 size: Tuple[int, int] = (256, 128),
                 seed: int = 0) -> Tuple[np.ndarray, np.ndarray, int]:
    """Draw one picture with its label.

    Args:
        domain: 'rendered' or 'camera'.
        split: 'train' or 'val'.
        index: Number of the picture, 0 or more.
        size: Width and height in pixels, 32 or more.
        seed: Seed of the data set, 0 or more.

    Returns:
        The image, red, green and blue, uint8 (H, W, 3); the label, class
        indices in 0..10 or 255, uint8 (H, W); and the JPEG quality in
        1..100 with which this camera stores the image.
    """
    rng = np.random.default_rng(
        [seed, DOMAINS.index(domain), SPLITS.index(split), index])
    quality = 95 if domain == 'rendered' else int(rng.integers(55, 86))
    scene = sample_scene(rng, size)
    raster = rasterize(scene)
    return RENDERERS[domain](scene, raster, rng), raster.label, quality


def make_streets(out: str,
                 domains: Sequence[str] = DOMAINS,
                 train: int = 300,
                 val: int = 60,
                 size: Tuple[int, int] = (256, 128),
                 seed: int = 0,
                 workers: int = 2) -> None:
    """Write the data set, or what is missing of it.

    Args:
        out: Folder to write to. Pictures that are whole there stay.
        domains: Some of 'rendered' and 'camera'.
        train: Pictures of each domain's train split, 0 or more.
        val: Pictures of each domain's val split, 0 or more.
        size: Width and height in pixels, 32 or more.
        seed: Seed of the data set, 0 or more.
        workers: Processes to draw with, 1 or more; no effect on the result.

    Raises:
        ValueError: If an argument is out of range, or ``out`` holds pictures
            of another size, seed or number.
    """
    started, size = time.time(), (int(size[0]), int(size[1]))
    _check_arguments(domains, train, val, size, seed, workers)
    recipe, jobs = {'seed': seed, 'size': list(size)}, []
    for domain in domains:
        _check_recipe(osp.join(out, domain), recipe)
    for domain in domains:
        save_json(osp.join(out, domain, 'recipe.json'), recipe, indent=None)
        for split, count in zip(SPLITS, (train, val)):
            for folder in FOLDERS:
                os.makedirs(osp.join(out, domain, folder, split),
                            exist_ok=True)
            jobs += [Job(out, domain, split, index, size, seed)
                     for index in range(count)]
    pixels: Dict[str, dict] = {domain: {} for domain in domains}
    made = 0
    for job, is_new, counts in tqdm(_run(jobs, workers), 'streets',
                                    len(jobs), unit=' images'):
        made += is_new
        if job.split == 'train':
            pixels[job.domain][job.image_name] = counts
    for domain in domains:
        save_class_stats(osp.join(out, domain, 'class_stats_train.json'),
                         CLASSES, dict(sorted(pixels[domain].items())))
        _check_counts(osp.join(out, domain), (train, val))
    print(f'{len(jobs)} images of {size[0]} x {size[1]} pixels, {made} of '
          f'them new, in {time.time() - started:.1f} s: {out}')


def _check_arguments(domains: Sequence[str], train: int, val: int,
                     size: Tuple[int, int], seed: int, workers: int) -> None:
    """Raise ValueError for what cannot be drawn."""
    unknown = sorted(set(domains) - set(DOMAINS))
    if unknown or not domains:
        raise ValueError(f'domains must be some of {DOMAINS}, got {domains}')
    if min(train, val, seed) < 0 or workers < 1:
        raise ValueError('train, val and seed must be 0 or more and workers '
                         f'1 or more, got {train}, {val}, {seed}, {workers}')
    if min(size) < SMALLEST:
        raise ValueError(f'size must be {SMALLEST} or more, got {size}')


def _check_recipe(folder: str, recipe: dict) -> None:
    """Raise ValueError if a domain was drawn by another recipe."""
    path = osp.join(folder, 'recipe.json')
    if not osp.exists(path):
        return
    with open(path) as file:
        found = json.load(file)
    if found != recipe:
        raise ValueError(f'{folder} was drawn with {found}, not with '
                         f'{recipe}: choose another folder or remove it')


def _run(jobs: List[Job], workers: int) -> Iterator[tuple]:
    """Yield (job, whether it was drawn, its pixels per class)."""
    if workers == 1:
        yield from map(_make, jobs)
        return
    # Forked workers need not import the package again.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context(
        'fork' if 'fork' in methods else None)
    with context.Pool(workers, cv2.setNumThreads, (0, )) as pool:
        yield from pool.imap_unordered(_make, jobs, chunksize=4)


def _make(job: Job) -> Tuple[Job, bool, Dict[str, int]]:
    """Draw and write one picture, unless it is whole."""
    image_path, label_path = job.path('leftImg8bit'), job.path('gtFine')
    is_new = not (_is_whole(image_path) and _is_whole(label_path))
    if is_new:
        image, label, quality = draw_picture(job.domain, job.split,
                                             job.index, job.size, job.seed)
        with atomic_write(label_path) as part:
            cv2.imwrite(str(part), label)
        with atomic_write(image_path) as part:
            cv2.imwrite(str(part), image[..., ::-1],
                        [cv2.IMWRITE_JPEG_QUALITY, quality])
    else:
        label = cv2.imread(label_path, cv2.IMREAD_UNCHANGED)
    return job, is_new, count_pixels(label, len(CLASSES))


def _is_whole(path: str) -> bool:
    """Whether an image file exists and has its last bytes."""
    ending = ENDINGS[osp.splitext(path)[1]]
    try:
        with open(path, 'rb') as file:
            return file.read().endswith(ending)
    except FileNotFoundError:
        return False


def _check_counts(folder: str, wanted: Tuple[int, int]) -> None:
    """Raise ValueError unless each split has its number of pictures."""
    for split, count in zip(SPLITS, wanted):
        for kind, suffix in FOLDERS.items():
            place = osp.join(folder, kind, split)
            found = sum(name.endswith(suffix) for name in os.listdir(place))
            if found != count:
                raise ValueError(f'{place} holds {found} pictures, but '
                                 f'{count} were asked for: choose another '
                                 'folder or remove it')
