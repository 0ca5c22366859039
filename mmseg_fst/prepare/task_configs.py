"""Texts of the configs for a task on a custom data set."""
from collections.abc import Sequence
from os import path as osp
from pathlib import Path
from pprint import pformat
from string import Template
from typing import NamedTuple, Optional

import numpy as np

from mmseg_fst.config.packaged import base_reference
from mmseg_fst.run.run_config import default_work_dir

from .image_values import Loading
from .palette import palette_of
from .schedule import Schedule, choose_schedules
from .task import Side, Task
from .task_files import has_unique_names, needs_conversion
from .view import View

_DATA = Template('''\
# $name: written by tools/new_task.py; edit it as you like.
classes = $classes
# Colors in images, red, green, blue; a black class leaves the photo as it is.
palette = $palette
data_root = $data_root
# Images are resized to this size, long and short side. On a GPU use larger
# crops, up to about 0.85 of this size, in multiples of 32.
image_scale = $image_scale
crop_size = $crop_size  # height, width
# Height and width of the files: the scale of the training, for predictions.
native_size = $native_size

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
resize = dict(
    type='RandomResize',
    scale=image_scale,
    ratio_range=(0.8, 1.5),
    keep_ratio=True)
flip = dict(type='RandomFlip', prob=0.5)
pack = dict(type='PackSegInputs')
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
                    dict(type='LoadAnnotations'),
                    resize,
                    # Most crops show a class that is sampled below.
                    dict(type='ClassCrop', crop_size=crop_size, share=0.75),
                    flip,
                    pack
                ]),
            unlabeled=dict(
                type=dataset_type,
                metainfo=metainfo,
                data_root=data_root,
                ann_file='unlabeled.txt',
                data_prefix=dict(img_path=$unlabeled_images),
                pipeline=[
                    load_image, resize,
                    dict(type='RandomCrop', crop_size=crop_size), flip, pack
                ])),
$sampling        # Stops the run if a list was changed by accident.
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
val_evaluator = dict(type='ConfusionIoUMetric')
test_evaluator = val_evaluator
''')

_SAME_TEST = 'test_dataloader = val_dataloader\n'
_TEST = Template('''\
# Scored by: sh test.sh RUN --split test
test_dataloader = dict(
    val_dataloader,
    dataset=dict(
        val_dataloader['dataset'],
        ann_file='test.txt',
        data_prefix=dict(
            img_path=$test_images,
            seg_map_path=$test_labels)))
''')

_SAMPLING = '''\
        # Images of rare classes more often; the lower, the more often.
        rare_class_sampling=dict(
            stats=f'{data_root}/class_stats_train.json', temperature=0.5),
'''

_BASE = Template('''\
# $name: what all runs have in common. For another network or optimizer
# choose other files here.
_base_ = [
    './data.py',
    '$base/models/mobilenetv2_segformer-ssl.py',
    '$base/schedules/adamw_ssl.py',
    '$base/default_runtime.py'
]
segmentor = dict(
    ${channels}decode_head=dict(
        num_classes=$num_classes,
        # The second one counts all classes alike, however few pixels they
        # have.
        loss_decode=[
            dict(type='CrossEntropyLoss', avg_non_ignore=True),
            dict(type='ClassDiceLoss')
        ]))
''')

_RUN = Template('''\
# $name: $title
_base_ = ['./base.py', '$base/methods/$method.py']
max_iters = $max_iters
train_cfg = dict(max_iters=max_iters, val_interval=$val_interval)
default_hooks = dict(checkpoint=dict(interval=$val_interval))
$rest''')

_SUPERVISED = '''\
param_scheduler = [_base_.warmup, dict(_base_.poly, end=max_iters)]
# Stops after 8 validations without a better score.
custom_hooks = [
    dict(
        type='EarlyStoppingHook',
        monitor='student/mIoU',
        min_delta=0.,
        patience=8)
]
'''
_LABELS_ONLY = '''\
train_dataloader = dict(
    dataset=dict(sides=dict(unlabeled=None), disjoint=False))
'''
# Continues from supervised.py with half the learning rate.
_CONTINUED = Template('''\
optim_wrapper = dict(optimizer=dict(lr=3e-4))
param_scheduler = [
    dict(_base_.warmup, end=10),
    dict(_base_.poly, begin=10, end=max_iters)
]
# The best checkpoint of that run.
load_from = $runs
''')
# Thresholds of each class, not one for all, so that pseudo-labels of rare
# classes are used.
_LABELER = "    pseudo_labeler=dict(_delete_=True, type='ClassThreshold')"
_COLORS = '''\
    # Which channels are red, green and blue, and may change their colors.
    photometric=dict(channels=())'''


class _Run(NamedTuple):
    """What a config has that the others have not.

    Attributes:
        title (str): What it trains.
        method (str): Its file in ``_base_/methods``.
        hook (str): Arguments of its hook.
        jitters (bool): Whether it changes colors.
    """
    title: str
    method: str
    hook: str = ''
    jitters: bool = False


def _runs(adapt: bool) -> dict[str, _Run]:
    """The configs that continue from supervised training, by name."""
    method = 'mean_teacher' if adapt else 'ssl_cutmix_mean_teacher'
    moves = 'decay=0.99'
    if not adapt:
        moves += ", when='after', buffers='copy'"
    after = ', after supervised training.'
    return dict(
        continued=_Run(
            f'labels alone{after} As much\n# computation as the others.',
            'labels_only'),
        mean_teacher=_Run(f'mean teacher on all images{after}', method,
                          f"type='MeanTeacherHook', {moves}", adapt),
        fst=_Run(f'FST on all images{after}', method,
                 f"type='FSTHook', depth=1, {moves}", adapt),
        unimatch_v2=_Run(f'UniMatch V2 on all images{after}',
                         'ssl_unimatch_v2', jitters=True))


def _median_size(side: Side) -> tuple[int, int]:
    """Median height and width of the images."""
    height, width = np.median([image.size for image in side.images], 0)
    return int(height), int(width)


def _data_text(task: Task, view: View, data_root: str,
               loading: Loading) -> str:
    """Text of the data config."""
    converted = needs_conversion(task)

    def images(name: str, side: Side) -> str:
        return repr(f'images/{name}' if side.is_cut else str(side.root))

    def labels(name: str, side: Side) -> str:
        return repr(f'labels/{name}' if converted else str(side.root))

    test = _SAME_TEST if task.test is None else _TEST.substitute(
        test_images=images('test', task.test),
        test_labels=labels('test', task.test))
    return _DATA.substitute(
        name=task.name,
        classes=pformat(task.classes.names, compact=True),
        palette=pformat(palette_of(task), compact=True),
        data_root=repr(data_root),
        image_scale=view.scale,
        crop_size=view.crop,
        native_size=_median_size(task.train),
        load=loading.step,
        mean=loading.mean,
        std=loading.std,
        train_images=images('train', task.train),
        train_labels=labels('train', task.train),
        val_images=images('val', task.val),
        val_labels=labels('val', task.val),
        unlabeled_images=images('unlabeled', task.unlabeled),
        sampling=_SAMPLING if has_unique_names(task.train) else '',
        num_train=len(task.train.images),
        num_unlabeled=len(task.unlabeled.images)) + test


def _rest(run: _Run, runs: str, channels: int) -> str:
    """Text of a config after its schedule."""
    text = _CONTINUED.substitute(runs=repr(f'{runs}/{{run}}'))
    if run.method == 'labels_only':
        return text + _LABELS_ONLY
    parts = [_LABELER]
    if run.method == 'ssl_cutmix_mean_teacher':
        parts.append('    pseudo_filter=None')
    if run.jitters and channels not in (1, 3):
        parts.append(_COLORS)
    text += 'model = dict(\n' + ',\n'.join(parts) + ')\n'
    if run.hook:
        text += f'custom_hooks = [\n    dict({run.hook})\n]\n'
    return text


def _table_text(name: str, configs: Sequence[str]) -> str:
    """Text of the grid of all configs."""
    listed = ', '.join(f"'{config}.py'" for config in configs)
    return (f'# {name}: all methods, for run_experiments.py --grid.\n'
            f"title = '{name}'\n"
            f'configs = [\n    {listed}\n]\n')


def config_texts(task: Task, view: View, data_root: str, folder: Path,
                 bases: Path, adapt: bool = False,
                 loading: Loading = Loading(),
                 schedules: Optional[dict[str, Schedule]] = None,
                 runs: Optional[str] = None) -> dict[str, str]:
    """Create the configs of a task: data, supervised training, methods.

    Args:
        task (Task): The task.
        view (View): Size of images and crops.
        data_root (str): Folder of lists, masks and statistics.
        folder (Path): Folder of the configs.
        bases (Path): Folder of the base configs, ``configs/_base_``.
        adapt (bool): Whether the unlabeled images are from another domain.
            Defaults to False.
        loading (Loading): How images are loaded and normalized. Defaults to
            RGB images of 8 bits.
        schedules (dict[str, Schedule], optional): Iterations by name of the
            config. Defaults to None: :func:`choose_schedules`.
        runs (str, optional): Folder of the supervised runs, one for each
            seed, from which the others continue. Defaults to None: the
            default folder of ``supervised.py``.

    Returns:
        dict[str, str]: Texts by file name.
    """
    base = base_reference(bases, folder)
    channels = ''
    if loading.channels != 3:
        channels = f'backbone=dict(in_channels={loading.channels}),\n    '
    texts = {
        'data.py': _data_text(task, view, data_root, loading),
        'base.py': _BASE.substitute(
            name=task.name, base=base, channels=channels,
            num_classes=len(task.classes.names))
    }
    schedules = schedules or choose_schedules(len(task.train.images))
    start = runs or osp.dirname(
        default_work_dir(str(folder / 'supervised.py'), 0))
    first = _Run('supervised training. The others continue from it.',
                 'labels_only')
    for name, run in dict(supervised=first, **_runs(adapt)).items():
        rest = (_SUPERVISED + _LABELS_ONLY if run is first else
                _rest(run, start, loading.channels))
        texts[f'{name}.py'] = _RUN.substitute(
            schedules[name]._asdict(), name=task.name, title=run.title,
            base=base, method=run.method, rest=rest)
    texts[f'table_{task.name}.py'] = _table_text(task.name, list(schedules))
    return texts
