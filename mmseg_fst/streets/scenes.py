"""The included data set: random streets with labels in two domains.

``rendered`` resembles a simple video game, ``camera`` photographs; the scenes
of both have the same distribution. ``make_streets`` writes them in the folder
layout of Cityscapes. An image depends only on the seed, its domain, its split
and its number.
"""
import json
import multiprocessing
import os
import os.path as osp
import time
from dataclasses import dataclass
from typing import Dict, Iterator, List, Sequence, Tuple

import cv2
import numpy as np
from tqdm import tqdm

from mmseg_fst.utils.files import (
    atomic_write,
    count_pixels,
    save_class_stats,
    save_json,
)

from . import DOMAINS
from .appearance import RENDERERS
from .layout import sample_scene
from .perspective import rasterize
from .shapes import CLASSES, PALETTE

__all__ = ['CLASSES', 'DOMAINS', 'PALETTE', 'make_streets', 'render_image']

SPLITS = ('train', 'val')
IMAGE_SUFFIX = '_leftImg8bit.jpg'
LABEL_SUFFIX = '_gtFine_labelTrainIds.png'
FOLDERS = {'leftImg8bit': IMAGE_SUFFIX, 'gtFine': LABEL_SUFFIX}
# The last bytes of complete JPEG and PNG files.
ENDINGS = {'.jpg': b'\xff\xd9', '.png': b'IEND\xaeB`\x82'}
SMALLEST = 32


@dataclass(frozen=True)
class Job:
    """One image to render.

    Attributes:
        out (str): Folder of the data set.
        domain (str): One of ``DOMAINS``.
        split (str): One of ``SPLITS``.
        index (int): Number of the image in its split.
        size (tuple[int, int]): Width and height in pixels.
        seed (int): Seed of the data set.
    """
    out: str
    domain: str
    split: str
    index: int
    size: Tuple[int, int]
    seed: int

    def path(self, folder: str) -> str:
        """Path of the image or its label.

        Args:
            folder (str): 'leftImg8bit' for the image, 'gtFine' for the label.

        Returns:
            str: The path.
        """
        name = f'{self.domain}_{self.index:06d}{FOLDERS[folder]}'
        return osp.join(self.out, self.domain, folder, self.split, name)

    @property
    def image_name(self) -> str:
        """Key of its statistics for rare class sampling."""
        return osp.splitext(osp.basename(self.path('leftImg8bit')))[0]


def render_image(domain: str, split: str, index: int,
                 size: Tuple[int, int] = (256, 128),
                 seed: int = 0) -> Tuple[np.ndarray, np.ndarray, int]:
    """Render one image with its label.

    Args:
        domain (str): 'rendered' or 'camera'.
        split (str): 'train' or 'val'.
        index (int): Number of the image, 0 or more.
        size (tuple[int, int]): Width and height in pixels, 32 or more.
        seed (int): Seed of the data set, 0 or more.

    Returns:
        tuple[np.ndarray, np.ndarray, int]: The RGB image, uint8 (H, W, 3); the
        label, class ids in [0, 11) or 255, uint8 (H, W); and the JPEG quality
        in [1, 100] with which the camera stores the image.

    Example:
        >>> image, label, quality = render_image('camera', 'val', index=0)
        >>> image.shape, label.shape
        ((128, 256, 3), (128, 256))
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
    """Write the data set, or its missing files.

    Args:
        out (str): Folder to write to. Complete images in it are not rendered
            again.
        domains (Sequence[str]): One or both of 'rendered' and 'camera'.
        train (int): Number of training images of each domain, 0 or more.
        val (int): Number of validation images of each domain, 0 or more.
        size (tuple[int, int]): Width and height in pixels, 32 or more.
        seed (int): Seed of the data set, 0 or more.
        workers (int): Number of processes, 1 or more; the result does not
            depend on it.

    Raises:
        ValueError: If an argument is out of range, or ``out`` contains images
            of another size, seed or number.

    Example:
        >>> make_streets('data/streets', train=20, val=5)
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
    """Raise ValueError if an argument is out of range."""
    unknown = sorted(set(domains) - set(DOMAINS))
    if unknown or not domains:
        raise ValueError(f'domains must be some of {DOMAINS}, got {domains}')
    if min(train, val, seed) < 0 or workers < 1:
        raise ValueError('train, val and seed must be 0 or more and workers '
                         f'1 or more, got {train}, {val}, {seed}, {workers}')
    if min(size) < SMALLEST:
        raise ValueError(f'size must be {SMALLEST} or more, got {size}')


def _check_recipe(folder: str, recipe: dict) -> None:
    """Raise ValueError if a domain was rendered with another recipe."""
    path = osp.join(folder, 'recipe.json')
    if not osp.exists(path):
        return
    with open(path) as file:
        found = json.load(file)
    if found != recipe:
        raise ValueError(f'{folder} was rendered with {found}, not with '
                         f'{recipe}: choose another folder or remove it')


def _run(jobs: List[Job], workers: int) -> Iterator[tuple]:
    """Yield (job, whether it was rendered, its pixels per class)."""
    if workers == 1:
        yield from map(_make, jobs)
        return
    # Fork where possible: forked workers need not import the package again.
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context(
        'fork' if 'fork' in methods else None)
    with context.Pool(workers, cv2.setNumThreads, (0, )) as pool:
        yield from pool.imap_unordered(_make, jobs, chunksize=4)


def _make(job: Job) -> Tuple[Job, bool, Dict[str, int]]:
    """Render and write one image, unless its files are complete."""
    image_path, label_path = job.path('leftImg8bit'), job.path('gtFine')
    is_new = not (_is_whole(image_path) and _is_whole(label_path))
    if is_new:
        image, label, quality = render_image(job.domain, job.split,
                                             job.index, job.size, job.seed)
        # The image last: it exists only together with its label.
        with atomic_write(label_path) as part:
            cv2.imwrite(str(part), label)
        with atomic_write(image_path) as part:
            cv2.imwrite(str(part), image[..., ::-1],
                        [cv2.IMWRITE_JPEG_QUALITY, quality])
    else:
        existing = cv2.imread(label_path, cv2.IMREAD_UNCHANGED)
        if existing is None:
            raise OSError(f'{label_path} cannot be read. Remove the file to '
                          'render it again.')
        label = existing
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
    """Raise ValueError unless each split has its number of images."""
    for split, count in zip(SPLITS, wanted):
        for kind, suffix in FOLDERS.items():
            path = osp.join(folder, kind, split)
            found = sum(name.endswith(suffix) for name in os.listdir(path))
            if found != count:
                raise ValueError(f'{path} must contain {count} images, got '
                                 f'{found}: choose another folder or remove '
                                 'it')
