"""The jobs of the benchmark of data pipelines."""
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, Optional

import cv2
import numpy as np

from mmseg_fst.apis import read_config
from mmseg_fst.datasets.image_names import image_names
from mmseg_fst.datasets.sides import name_sides, part_configs
from mmseg_fst.registry import DATASETS
from mmseg_fst.streets.scenes import render_image
from mmseg_fst.utils.files import count_pixels, save_class_stats

_OPENCV = ((0.5, 1.), (1., 2.)), 'cv2'
_PILLOW = ((0.5, 2.), ), 'pillow'
# Transforms of mmseg_fst, and the MMSegmentation transforms they replace.
_STOCK = dict(
    LoadWholeImage='LoadImageFromFile',
    HistogramCrop='RandomCrop',
    PackByteInputs='PackSegInputs')


class Job(NamedTuple):
    """A data set and its pipeline.

    Attributes:
        name (str): Name of the job.
        dataset (dict): Config of the data set, with the pipeline.
        rare_class_sampling (dict, optional): Arguments of
            ``RareClassSampling``. Defaults to None, which samples by index.
    """
    name: str
    dataset: dict
    rare_class_sampling: Optional[dict] = None


class ImageKind(NamedTuple):
    """A kind of image files to generate.

    Attributes:
        size (tuple[int, int]): Width and height.
        suffix (str): Extension of the files.
        noise (float): Standard deviation of the added noise, which makes the
            files about as large as real photographs.
        quality (int): Quality of JPEG files. Defaults to 95.
    """
    size: tuple[int, int]
    suffix: str
    noise: float
    quality: int = 95


IMAGE_KINDS = dict(
    gta=ImageKind((1914, 1052), '.png', 0.8),
    cityscapes=ImageKind((2048, 1024), '.png', 0.8),
    voc=ImageKind((500, 375), '.jpg', 8),
    photo=ImageKind((4032, 3024), '.jpg', 8, quality=90))


def make_files(folder: Path, kind: ImageKind, count: int) -> dict:
    """Write enlarged streets with their labels.

    Args:
        folder (Path): Folder to write to.
        kind (ImageKind): Kind of the images.
        count (int): Number of images.

    Returns:
        dict: Config of the data set, without a pipeline.
    """
    rng = np.random.default_rng(0)
    for part in ('images', 'labels'):
        (folder / part).mkdir(parents=True)
    for index in range(count):
        image, label, _ = render_image('camera', 'train', index)
        image = cv2.resize(
            image[..., ::-1], kind.size, interpolation=cv2.INTER_CUBIC)
        image = (image + rng.normal(0, kind.noise, image.shape)).clip(0, 255)
        quality = [cv2.IMWRITE_JPEG_QUALITY, kind.quality]
        cv2.imwrite(
            str(folder / 'images' / f'{index}{kind.suffix}'),
            image.astype(np.uint8), quality if kind.suffix == '.jpg' else [])
        label = cv2.resize(label, kind.size, interpolation=cv2.INTER_NEAREST)
        cv2.imwrite(str(folder / 'labels' / f'{index}.png'), label)
    return dict(
        type='StreetsDataset',
        img_suffix=kind.suffix,
        seg_map_suffix='.png',
        data_root=str(folder),
        data_prefix=dict(img_path='images', seg_map_path='labels'),
        serialize_data=False)


def count_classes(dataset: dict, path: Path) -> dict:
    """Count the pixels of each class, as ``tools/class_stats.py`` does.

    Args:
        dataset (dict): The result of :func:`make_files`.
        path (Path): File to write.

    Returns:
        dict: Arguments of ``RareClassSampling``, as in DAFormer.
    """
    side = DATASETS.build(dict(dataset, pipeline=[]))
    counts = {}
    for index, name in enumerate(image_names(side)):
        info = side.get_data_info(index)
        label = cv2.imread(info['seg_map_path'], cv2.IMREAD_UNCHANGED)
        counts[name] = count_pixels(
            label, len(side.metainfo['classes']))
    save_class_stats(path, side.metainfo['classes'], counts)
    return dict(stats=str(path))


def _pipeline(scale: dict, crop: int, labeled: bool = True,
              **kwargs) -> list[dict]:
    """Return a pipeline as in the configs of mmseg_fst."""
    load = [dict(type='LoadWholeImage'), dict(type='LoadAnnotations')]
    crop_type = 'HistogramCrop' if 'cat_max_ratio' in kwargs else 'RandomCrop'
    return [
        *load[:1 + labeled], scale,
        dict(type=crop_type, crop_size=(crop, crop), **kwargs),
        dict(type='RandomFlip', prob=0.5),
        dict(type='PackByteInputs')
    ]


def _fit(width: int, height: int) -> dict:
    """Return the config of resizing to a fixed scale."""
    return dict(type='Resize', scale=(width, height), keep_ratio=True)


def _factor(ranges: Sequence[tuple[float, float]], backend: str) -> dict:
    """Return the config of resizing by a random factor."""
    return dict(type='RandomFactorResize', ranges=ranges, backend=backend)


def generated_jobs(root: Path, count: int) -> list[Job]:
    """Make the jobs of the papers, on generated files.

    Args:
        root (Path): Empty folder for the files.
        count (int): Number of images of each kind.

    Returns:
        list[Job]: The jobs.
    """
    files = {
        name: make_files(root / name, kind, count)
        for name, kind in IMAGE_KINDS.items()
    }
    jobs = [
        ('UDA, source: PNG of 1914 x 1052 at 1280 x 704, crop 512', 'gta',
         _pipeline(_fit(1280, 720), 512, cat_max_ratio=0.75)),
        ('UDA, target: PNG of 2048 x 1024 at 1024 x 512, crop 512',
         'cityscapes', _pipeline(_fit(1024, 512), 512, labeled=False)),
        ('photos: JPEG of 4032 x 3024 at 683 x 512, crop 512', 'photo',
         _pipeline(_fit(1024, 512), 512, labeled=False)),
        ('SSL, FST: JPEG of 500 x 375, OpenCV, crop 513', 'voc',
         _pipeline(_factor(*_OPENCV), 513)),
        ('SSL, UniMatch: JPEG of 500 x 375, Pillow, crop 321', 'voc',
         _pipeline(_factor(*_PILLOW), 321)),
        ('SSL, FST: PNG of 2048 x 1024, OpenCV, crop 769', 'cityscapes',
         _pipeline(_factor(*_OPENCV), 769)),
        ('SSL, UniMatch: PNG of 2048 x 1024, Pillow, crop 801', 'cityscapes',
         _pipeline(_factor(*_PILLOW), 801)),
    ]
    rare = count_classes(files['gta'], root / 'class_stats.json')
    return [
        Job(name, dict(files[kind], pipeline=steps),
            rare if kind == 'gta' else None) for name, kind, steps in jobs
    ]


def config_jobs(path: str, count: int) -> list[Job]:
    """Make one job for each side of a config.

    Args:
        path (str): Config with a PairedDataset.
        count (int): Number of images of each side.

    Returns:
        list[Job]: The jobs.
    """
    pairs = read_config(path).train_dataloader.dataset.to_dict()
    sides = name_sides(pairs['sides'])
    rare = pairs.get('rare_class_sampling')
    return [
        Job(f'{name} side of {path}',
            dict(part, indices=count, serialize_data=False),
            rare if name == 'labeled' else None)
        for name, side in sides.items() for part in part_configs(side)
    ]


def stock_pipeline(pipeline: list[dict]) -> list[dict]:
    """Replace the transforms of mmseg_fst by transforms of MMSegmentation.

    Args:
        pipeline (list[dict]): Pipeline of a config.

    Returns:
        list[dict]: The equivalent pipeline.
    """
    return [{
        key: _STOCK.get(value, value) if key == 'type' else value
        for key, value in step.items() if key != 'reduce_to'
    } for step in pipeline]


def reduced_pipeline(pipeline: list[dict]) -> list[dict]:
    """Change a pipeline to decode JPEG files at reduced size.

    Args:
        pipeline (list[dict]): Pipeline of a config.

    Returns:
        list[dict]: The pipeline with ``reduce_to``. Empty if images are not
        resized to a fixed size.
    """
    for step in pipeline:
        if step['type'] == 'Resize' and step.get('keep_ratio'):
            return [dict(pipeline[0], reduce_to=step['scale']), *pipeline[1:]]
    return []
