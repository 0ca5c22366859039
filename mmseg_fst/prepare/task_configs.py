"""Texts of the configs for a task on a custom data set."""
import os
from os import path as osp
from pathlib import Path
from pprint import pformat
from string import Template
from typing import NamedTuple

import numpy as np

from mmseg_fst.run.run_config import default_work_dir

from .image_values import Loading
from .task import Task
from .task_files import needs_conversion, palette_of

# Crops are multiples of the stride of the networks.
_STRIDE = 32
# Crop size relative to the image; below 1, so that crops of an image differ.
_CROP = 0.85

_DATA = Template('''\
# $name: written by tools/new_task.py; edit it as you like.
classes = $classes
palette = $palette
data_root = $data_root
# Images are resized to this size, long and short side. On a GPU use larger
# images, and crops of about 0.85 of their size in multiples of 32.
image_scale = $image_scale
crop_size = $crop_size  # height, width

dataset_type = 'ListedDataset'
metainfo = dict(classes=classes, palette=palette)
load_image = $load
data_preprocessor = dict(
    type='SelfTrainingDataPreProcessor',
    mean=$mean,
    std=$std,
    bgr_to_rgb=True,
    pad_val=0,
    seg_pad_val=255,
    size=crop_size)
augmentation = [
    dict(
        type='RandomResize',
        scale=image_scale,
        ratio_range=(0.9, 1.6),
        keep_ratio=True),
    dict(type='RandomCrop', crop_size=crop_size),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackSegInputs')
]
test_pipeline = [
    load_image,
    dict(type='Resize', scale=image_scale, keep_ratio=True),
    # After the resize: metrics are computed at the size of the mask.
    dict(type='LoadAnnotations'),
    dict(type='PackSegInputs')
]
train_dataloader = dict(
    batch_size=2,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='PairedSampler'),
    dataset=dict(
        type='PairedDataset',
        sides=dict(
            labeled=dict(
                type=dataset_type,
                metainfo=metainfo,
                data_root=data_root,
                ann_file='train.txt',
                data_prefix=dict(
                    img_path=$train_images,
                    seg_map_path=$train_labels),
                pipeline=[
                    load_image,
                    dict(type='LoadAnnotations'), *augmentation
                ]),
            unlabeled=dict(
                type=dataset_type,
                metainfo=metainfo,
                data_root=data_root,
                ann_file='unlabeled.txt',
                data_prefix=dict(img_path=$unlabeled_images),
                pipeline=[load_image, *augmentation])),
        # Stops the run if a list was changed by accident.
        expected=dict(labeled=$num_train, unlabeled=$num_unlabeled),
        disjoint=True))
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        data_root=data_root,
        ann_file='val.txt',
        data_prefix=dict(
            img_path=$val_images,
            seg_map_path=$val_labels),
        test_mode=True,
        pipeline=test_pipeline))
test_dataloader = val_dataloader
val_evaluator = dict(type='ConfusionIoUMetric')
test_evaluator = val_evaluator
''')

_RUN = Template('''\
# $title
_base_ = [
    './data.py',
    # For another network, method or schedule choose other files here.
    '$base/models/mobilenetv2_segformer-ssl.py',
    '$base/methods/$method.py',
    '$base/schedules/$schedule.py',
    '$base/default_runtime.py'
]
segmentor = dict(${channels}decode_head=dict(num_classes=$num_classes))
$rest''')


class View(NamedTuple):
    """Size of images and crops in training.

    Attributes:
        scale (tuple[int, int]): Long and short side of an image.
        crop (tuple[int, int]): Height and width of a crop.
    """
    scale: tuple[int, int]
    crop: tuple[int, int]


def choose_view(sizes: list[tuple[int, int]], long_side: int) -> View:
    """Choose the size of images and crops for the files of a task.

    Args:
        sizes (list[tuple[int, int]]): Height and width of the images.
        long_side (int): Maximum long side of the resized images.

    Returns:
        View: Both sizes; the crop has portrait format if most images have.
    """
    sides = np.array(sizes)
    long, short = np.median(sides.max(1)), np.median(sides.min(1))
    factor = min(1., long_side / long)
    scale = round(long * factor), max(1, round(short * factor))

    def crop(side: int) -> int:
        return max(_STRIDE, int(side * _CROP) // _STRIDE * _STRIDE)

    upright = np.mean(sides[:, 0] > sides[:, 1])
    if .25 < upright < .75:  # both formats are frequent: a square fits both
        return View(scale, (crop(scale[1]), ) * 2)
    height, width = scale if upright > .5 else scale[::-1]
    return View(scale, (crop(height), crop(width)))


def _data_text(task: Task, view: View, data_root: str,
               loading: Loading) -> str:
    """Text of the data config."""
    converted = needs_conversion(task)

    def labels(name: str, root: Path) -> str:
        return repr(f'labels/{name}' if converted else str(root))

    return _DATA.substitute(
        name=task.name,
        classes=pformat(task.classes.names, compact=True),
        palette=pformat(palette_of(task.classes), compact=True),
        data_root=repr(data_root),
        image_scale=view.scale,
        crop_size=view.crop,
        load=loading.step,
        mean=loading.mean,
        std=loading.std,
        train_images=repr(str(task.train.root)),
        train_labels=labels('train', task.train.root),
        val_images=repr(str(task.val.root)),
        val_labels=labels('val', task.val.root),
        unlabeled_images=repr(str(task.unlabeled.root)),
        num_train=len(task.train.images),
        num_unlabeled=len(task.unlabeled.images))


def _colors(jitters: bool, channels: int) -> str:
    """What to say of colors where a method changes them."""
    if not jitters or channels in (1, 3):
        return ''
    return ('# Which channels are red, green and blue, and may change their '
            'colors.\n'
            'model = dict(photometric=dict(channels=()))\n')


def config_texts(task: Task, view: View, data_root: str, folder: Path,
                 bases: Path, adapt: bool = False,
                 loading: Loading = Loading()) -> dict[str, str]:
    """Create the configs of a task: data, supervised training and FST.

    Args:
        task (Task): The task.
        view (View): Size of images and crops.
        data_root (str): Folder of lists, masks and statistics.
        folder (Path): Folder of the configs.
        bases (Path): ``configs/_base_`` of this repository.
        adapt (bool): Whether the unlabeled images are from another domain.
            Defaults to False.
        loading (Loading): How images are loaded and normalized. Defaults to
            RGB images of 8 bits.

    Returns:
        dict[str, str]: Texts by file name.
    """
    base = Path(os.path.relpath(bases.resolve(), folder.resolve())).as_posix()
    channels = ''
    if loading.channels != 3:
        channels = (f'backbone=dict(in_channels={loading.channels}),\n'
                    '    ')
    common = dict(base=base, num_classes=len(task.classes.names),
                  channels=channels)
    first = _RUN.substitute(
        common,
        title=f'{task.name}: supervised training. fst.py continues from it.',
        method='labels_only',
        schedule='adamw_ssl',
        rest='train_dataloader = dict('
        'dataset=dict(sides=dict(unlabeled=None), disjoint=False))\n')
    runs = osp.dirname(default_work_dir(str(folder / 'supervised.py'), 0))
    hook = "dict(type='FSTHook', depth=1, decay=0.99{when})".format(
        when='' if adapt else ", when='after'")
    second = _RUN.substitute(
        common,
        title=f'{task.name}: FST on all images, after supervised training.',
        method='mean_teacher' if adapt else 'ssl_cutmix_mean_teacher',
        schedule='adamw_ssl_adapt',
        rest=_colors(adapt, loading.channels) +
        f'custom_hooks = [{hook}]\n'
        '# From supervised.py; adapt the name if you change its iterations.'
        '\n'
        f"load_from = '{runs}/{{run}}/iter_900.pth'\n")
    return {
        'data.py': _data_text(task, view, data_root, loading),
        'supervised.py': first,
        'fst.py': second
    }
